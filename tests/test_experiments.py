"""The experiments beside the pipeline, on small generated photos: make shuffle, make depth."""

import json
from pathlib import Path

import pandas as pd
import pytest

from tests.support.prepared import Prepared
from tests.support.project import Project
from tests.support.terminal import foreign_lines

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose pipeline has run as far as both models need."""
    return prepared.ready_to_train(tmp_path_factory.mktemp("project"))


def run(project: Project, script: str, *arguments: str) -> None:
    done = project.run("python", "-m", f"stages.{script}", *arguments)
    assert done.returncode == 0, done.stderr
    assert not foreign_lines(done.stdout + done.stderr)


def test_the_shuffle_test_trains_both_models_under_both_conditions(project: Project) -> None:
    """Else the table of docs/article.md could not be had from one's own photos."""
    run(project, "shuffle_test", "1", "2")
    folder = project.root / "reports/experiments/shuffle"
    trials = pd.read_csv(folder / "trials.csv")
    assert len(trials.drop_duplicates(["model", "pixels", "seed"])) == 8
    assert set(trials["model"]) == {"CNN", "MLP"}
    assert set(json.loads((folder / "leads.json").read_text("utf-8"))) == {"in place", "shuffled"}
    assert is_png(folder / "shuffle.png")


def test_the_depth_test_goes_as_deep_as_the_photos_allow(project: Project) -> None:
    """16 pixels become 12, 6, 2: a second convolution fits, its pooling too; a third would be larger than its input."""
    run(project, "depth_test", "1")
    folder = project.root / "reports/experiments/depth"
    summary = pd.read_csv(folder / "summary.csv")
    assert list(summary["blocks"]) == [1, 2]
    assert list(summary["parameters"]) == [760 + 6 * 6 * 10 + 1, 760 + 2510 + 10 + 1]
    assert summary["accuracy"].between(0, 1).all()
    assert len(pd.read_csv(folder / "trials.csv")) == 2
    assert is_png(folder / "depth.png")


def test_the_baselines_are_trained_on_all_photos_and_the_two_models_on_fewer(project: Project) -> None:
    """Else nobody could say what a parameter buys, or whether more photos would help."""
    project.edit(lambda params: params.update(baselines={"widths": [2], "shares": [0.4, 0.7, 1]}))
    run(project, "baselines", "1")
    folder = project.root / "reports/experiments/baselines"
    table = pd.read_csv(folder / "baselines.csv")
    assert list(table["network"]) == ["CNN", "MLP of params.yaml", "MLP of 2", "MLP as large as the CNN"]
    cnn, *_, matched = table.to_dict("records")
    assert matched["parameters"] == pytest.approx(cnn["parameters"], rel=0.01)
    assert (table[["multiply_adds", "seconds", "bytes"]] > 0).all(axis=None)
    assert table["accuracy"].between(table["low"], table["high"]).all()
    curve = pd.read_csv(folder / "learning_curve.csv")
    assert curve.groupby("network")["measured"].sum().tolist() == [3, 3]
    assert len(pd.read_csv(folder / "trials.csv")) == 4 + 2 * 2
    assert is_png(folder / "baselines.png")
    assert is_png(folder / "learning_curve.png")


@pytest.mark.parametrize("script", ["shuffle_test", "depth_test", "baselines"])
def test_without_the_pipelines_images_the_message_says_what_to_run(script: str, tmp_path: Path) -> None:
    """Else a person who tries `make depth` first would get a traceback."""
    done = Project.create(tmp_path).run("python", "-m", f"stages.{script}")
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "dvc repro" in done.stderr


def is_png(path: Path) -> bool:
    return path.read_bytes().startswith(b"\x89PNG")
