"""A dvc.lock, as DVC writes it and as people leave it."""

from pathlib import Path

import pytest

from pixelproof.repository import lock
from tests.support.imports import ROOT

TEXT = """\
schema: '2.0'
stages:
  resize:
    cmd: python -m stages.resize
    outs:
    - path: data/resized
      hash: md5
      md5: 0123456789abcdef0123456789abcdef.dir
      size: 12
  train@cnn:
    cmd: python -m stages.train_cnn
    deps:
    - path: data/resized
      hash: md5
      md5: 0123456789abcdef0123456789abcdef.dir
    - path: s3://photos/cats
      etag: abc
    outs:
    - {path: models/cnn, md5: '11111111111111111111111111111111'}
  evaluate:
    cmd: python -m stages.evaluate
    deps:
    - path: models/cnn
      md5: '11111111111111111111111111111111'
    - path: models/mlp
      md5: 22222222222222222222222222222222.dir
"""
RESIZED, CNN = "0123456789abcdef0123456789abcdef.dir", "1" * 32


def test_outputs_and_dependencies_are_known_by_stage_and_path() -> None:
    """Else a run would name other data than it was trained on; a hash of digits only is text, too."""
    stages = lock.parse(TEXT)
    assert list(stages) == ["resize", "train@cnn", "evaluate"]
    assert stages["train@cnn"] == lock.LockedStage({"data/resized": RESIZED}, {"models/cnn": CNN})
    assert lock.outputs(stages) == {"data/resized": RESIZED, "models/cnn": CNN}


def test_what_a_stage_was_made_from_is_followed_only_through_the_same_contents() -> None:
    """Else the accuracy of an earlier model would be shown as that of one that was trained again."""
    made_from = lock.made_from(lock.parse(TEXT), "evaluate")
    assert made_from == {("models/cnn", CNN), ("models/mlp", f"{'2' * 32}.dir"), ("data/resized", RESIZED)}
    again = lock.parse(TEXT.replace(f"path: models/cnn, md5: '{CNN}'", f"path: models/cnn, md5: '{'3' * 32}'"))
    assert ("data/resized", RESIZED) not in lock.made_from(again, "evaluate")
    assert lock.made_from(lock.parse(TEXT), "no such stage") == set()


@pytest.mark.parametrize("text", ["", "<<<<<<< ours\n", "stages: [1]\n", "[]", "stages: {a: 1}", "stages: {}"])
def test_what_is_not_a_lock_has_no_stages(text: str) -> None:
    """Else a merge gone wrong, committed, would end in a traceback."""
    assert lock.parse(text) == {}


def test_a_file_that_is_not_there_names_nothing(tmp_path: Path) -> None:
    """A first run has no lock yet."""
    path = tmp_path / "dvc.lock"
    assert lock.hashes_of(["data/resized"], path) == {}
    path.write_text(TEXT)
    assert lock.hashes_of(["data/resized", "data/splits.csv"], path) == {"data/resized": RESIZED}


def test_the_projects_own_lock_is_read_as_dvc_reads_it() -> None:
    """The quick reader and DVC's must agree on every stage and hash."""
    from ruamel.yaml import YAML

    text = (ROOT / "dvc.lock").read_text("utf-8")
    expected = YAML(typ="safe").load(text)["stages"]
    found = lock.parse(text)
    assert found.keys() == expected.keys()
    for name, stage in expected.items():
        assert found[name].outs == {out["path"]: out["md5"] for out in stage.get("outs", []) if "md5" in out}
        assert found[name].deps == {dep["path"]: dep["md5"] for dep in stage.get("deps", []) if "md5" in dep}
