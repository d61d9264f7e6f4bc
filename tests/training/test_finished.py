"""A trained model that is kept until DVC has it."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from pixelproof.repository.cache import Cache
from pixelproof.training import finished
from pixelproof.training.finished import FinishedModel, directory_md5

UNKNOWN = "0" * 32 + ".dir"


@pytest.fixture
def model(tmp_path: Path) -> FinishedModel:
    folder = tmp_path / "work/finished"
    (folder / "mlflow").mkdir(parents=True)
    (folder / "run.json").write_text(json.dumps({"run_id": "one"}))
    (folder / "mlflow/MLmodel").write_text("ä: 1")
    (folder / "mlflow.txt").write_text("sorts before the folder's files by characters, after them by parts")
    return FinishedModel(folder, tmp_path / "models/mlp")


@pytest.mark.slow
def test_a_folder_has_the_hash_that_dvc_gives_it(
    model: FinishedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a model that DVC has would never be seen to be there, and a forced training would give an old one."""
    model.copy()
    for command in (["init", "--no-scm", "--quiet"], ["add", "--quiet", "models/mlp"]):
        subprocess.run([sys.executable, "-m", "dvc", *command], cwd=tmp_path, check=True)
    md5 = directory_md5(model.folder)
    assert md5 in (tmp_path / "models/mlp.dvc").read_text("utf-8")
    monkeypatch.chdir(tmp_path)
    assert Cache().path(md5).exists()


@pytest.mark.parametrize("by_hand", [True, False])
def test_a_model_that_nobody_has_is_kept(by_hand: bool, model: FinishedModel) -> None:
    """Else it would be trained again."""
    for locked in (None, UNKNOWN):
        model.discard_if_taken(locked, by_hand=by_hand)
        assert model.exists


@pytest.mark.parametrize("is_cached", [True, False])
def test_a_model_is_given_up_once_dvc_has_it_whole(
    is_cached: bool, model: FinishedModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else `dvc repro --force` would train nothing; or a cache that had no room would cost the training."""
    monkeypatch.chdir(tmp_path)
    md5 = directory_md5(model.folder)
    if is_cached:
        cached = Cache().path(md5)
        cached.parent.mkdir(parents=True)
        cached.touch()
    model.discard_if_taken(md5, by_hand=False)
    assert model.exists is not is_cached


def test_a_stage_run_by_hand_trains_again_where_its_model_is_in_place(
    model: FinishedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else whoever runs the stage twice would train nothing. DVC deletes the model first: there another wrote it."""
    model.copy()
    monkeypatch.setattr(finished, "BEGAN", time.time() + 60)
    model.discard_if_taken(UNKNOWN, by_hand=False)
    assert model.exists
    model.discard_if_taken(UNKNOWN, by_hand=True)
    assert not model.exists


@pytest.mark.parametrize("change", ["older run", "written meanwhile", "gone"])
def test_a_stage_run_by_hand_takes_over_what_is_not_in_place(
    change: str, model: FinishedModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a model that another process has trained while this one waited would be trained again."""
    model.copy()
    monkeypatch.setattr(finished, "BEGAN", time.time() + (-60 if change == "written meanwhile" else 60))
    if change == "older run":
        (model.output / "run.json").write_text(json.dumps({"run_id": "older"}))
    if change == "gone":
        shutil.rmtree(model.output)
    model.discard_if_taken(UNKNOWN, by_hand=True)
    assert model.exists
