"""The README's `dvc exp show` leaves the columns that tell experiments apart."""

import csv
import io
import json
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import pytest

from pixelproof.files import read_json
from tests.support.git import git
from tests.support.imports import ROOT
from tests.support.project import Project

pytestmark = pytest.mark.slow

PAGES = ("README.md", "docs/compare.md")


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """Three commits, each with other values of two params and of all metrics; nothing has run."""
    project = Project.create(tmp_path)
    monkeypatch.chdir(tmp_path)
    shutil.copytree(ROOT / "reports/plan", tmp_path / "reports/plan")
    for number in (1, 2, 3):
        project.edit(lambda params, number=number: change(params, number))
        metrics = read_json(ROOT / "reports/metrics.json")
        (tmp_path / "reports/metrics.json").write_text(json.dumps(lower(metrics, number)), encoding="utf-8")
        git("add", "--all", "--force", "params.yaml", "reports")
        git("commit", "--quiet", "-m", f"experiment {number}")
    return project


def change(params: Any, number: int) -> None:
    params["cnn"]["learning_rate"] = number / 1000
    params["train"]["epochs"] = number


def lower(metrics: Any, number: int) -> Any:
    if isinstance(metrics, dict):
        return {key: lower(value, number) for key, value in metrics.items()}
    return metrics - number / 100


def columns(project: Project, *options: str) -> list[str]:
    shown = project.run("dvc", "exp", "show", "--num", "3", "--csv", *options)
    assert shown.returncode == 0, shown.stderr
    return next(csv.reader(io.StringIO(shown.stdout)))


@pytest.mark.parametrize("page", PAGES)
def test_what_differs_and_the_accuracies_are_left(page: str, project: Project) -> None:
    """Else a reader would look for two numbers among 200 columns."""
    command = re.search(r"^\.venv/bin/python -m dvc exp show (--.+)$", (ROOT / page).read_text("utf-8"), re.MULTILINE)
    assert command is not None
    left = columns(project, *shlex.split(command[1]))
    assert [name for name in left if name not in ("cnn.epochs", "mlp.epochs")] == [
        *("rev", "cnn.accuracy", "mlp.accuracy", "cnn.learning_rate", "train.epochs")
    ]


def test_all_columns_are_many(project: Project) -> None:
    """Else the options would have nothing to do."""
    assert len(columns(project)) > 150
