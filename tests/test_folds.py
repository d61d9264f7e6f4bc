"""`pixelproof folds` by real processes: killed, continued, and asked again."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from tests.support.environment import environment
from tests.support.prepared import Prepared
from tests.support.project import Project
from tests.support.waiting import LIMIT, wait_until

pytestmark = pytest.mark.slow

START = "from pixelproof.cli import main; main()"  # the project's own copy, whatever is installed


def in_three(params: Any) -> None:
    params["split"].update(folds=3, fold=1)
    params["train"].update(epochs=2)
    params["train"].pop("early_stopping", None)


def begin(project: Project, *options: str) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", START, "folds", *options]
    return subprocess.Popen(
        command, cwd=project.root, env=environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def complete(project: Project, *options: str) -> str:
    process = begin(project, *options)
    said = process.communicate(timeout=LIMIT)[0]
    assert process.returncode == 0, said
    return said


def kept(project: Project) -> list[Path]:
    return sorted(path for path in project.root.glob(".work/folds/*/[123]") if path.is_dir())


def test_every_photo_is_tested_once_and_no_fold_trains_twice(
    prepared: Prepared, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """A night's folds must survive a kill -9, and the pooled figures be of all photos, each in one test part."""
    project = prepared.ready_to_train(tmp_path_factory.mktemp("project"))
    project.edit(in_three)
    process = begin(project)
    wait_until(lambda: kept(project), process)
    process.kill()
    process.communicate()
    (first,) = kept(project)
    made = first.stat().st_mtime_ns
    said = complete(project, "--jobs", "2")  # the other two at a time
    assert "continues after 1 of 3 folds" in said
    assert [path.name for path in kept(project)] == ["1", "2", "3"]
    assert first.stat().st_mtime_ns == made
    photos = pd.read_parquet(project.root / "data/ingested/manifest.parquet")["id"]
    answers = pd.concat([pd.read_parquet(path / "predictions.parquet") for path in kept(project)])
    content = json.loads((project.root / "reports/folds/folds.json").read_text("utf-8"))
    table = pd.read_csv(project.root / "reports/folds/folds.csv")
    assert content["photos"] == len(photos)
    for model in ("cnn", "mlp"):
        own = answers[answers["model"] == model]
        assert sorted(own["id"]) == sorted(photos)
        assert content[model]["accuracy"] == pytest.approx((own["label"] == own["predicted"]).mean())
    wide = table.pivot(index="fold", columns="model", values="accuracy")
    assert content["comparison"]["accuracy"]["mean"] == pytest.approx((wide["cnn"] - wide["mlp"]).mean())
    refs = project.run("git", "for-each-ref", "--format=%(refname:lstrip=4)", "refs/exps").stdout.split()
    assert sorted(refs) == [f"fold-{path.name}-of-3-{path.parent.name}" for path in kept(project)]
    assert "CNN against MLP" in said
    assert "all 3 are done already" in complete(project)
