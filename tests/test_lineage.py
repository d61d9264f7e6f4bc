"""From a run back to what made it, and again to the same weights: with real Git, DVC and MLflow."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from project import Project

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with an uncommitted edit, whose MLP has been trained; the CNN plays no part here."""
    project = Project.tiny(tmp_path_factory.mktemp("project"))
    project.repro("train@mlp")
    return project


def run_id(project: Project) -> str:
    return str(json.loads((project.root / "models/mlp/run.json").read_text("utf-8"))["run_id"])


@contextmanager
def recorded_otherwise(project: Project, key: str, value: str) -> Iterator[None]:
    """Let MLflow's record of a run say another value of a parameter for a while."""
    with closing(sqlite3.connect(project.root / "mlflow.db")) as database:
        where = "where key = ? and run_uuid = ?", (key, run_id(project))
        ((before,),) = database.execute(f"select value from params {where[0]}", where[1]).fetchall()
        database.execute(f"update params set value = ? {where[0]}", (value, *where[1]))
        database.commit()
        yield
        database.execute(f"update params set value = ? {where[0]}", (before, *where[1]))
        database.commit()


def test_a_run_names_its_commit_data_and_stage(project: Project) -> None:
    """Else a number in MLflow would lead nowhere."""
    shown = project.run("pixelproof", "where", run_id(project)[:10])
    assert shown.returncode == 0, shown.stderr
    head = project.run("git", "rev-parse", "HEAD").stdout.strip()
    for fact in (head, "train@mlp", "params.yaml", "data/resized", "scikit-learn"):
        assert fact in shown.stdout


def test_the_printed_commands_rebuild_the_run(project: Project, tmp_path: Path) -> None:
    """Else they would be words; they are run by a shell as they stand."""
    lines = project.run("pixelproof", "where", run_id(project)).stdout.splitlines()
    script = lines[lines.index("") + 1 :]
    (tmp_path / "rebuild.sh").write_text("set -e\n" + "\n".join(script))
    done = project.run("bash", str(tmp_path / "rebuild.sh"))
    assert done.returncode == 0, done.stdout + done.stderr
    (clone,) = project.root.glob("run-*")
    rebuilt = json.loads((clone / "models/mlp/run.json").read_text("utf-8"))
    original = json.loads((project.root / "models/mlp/run.json").read_text("utf-8"))
    assert rebuilt["weights_sha256"] == original["weights_sha256"]
    assert rebuilt["run_id"] != original["run_id"]


def test_a_run_that_can_be_had_again_is_identical(project: Project) -> None:
    """Else reproducible would be a claim."""
    before = project.outputs()
    done = project.run("pixelproof", "reproduce", run_id(project))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("identical: ")
    original = json.loads((project.root / "models/mlp/run.json").read_text("utf-8"))
    assert original["weights_sha256"] in done.stdout
    assert project.outputs() == before  # and the project is as it was


def test_a_run_that_was_recorded_wrongly_is_told_with_the_first_difference(project: Project) -> None:
    """Else a changed record would pass for the truth."""
    with recorded_otherwise(project, "mlp.learning_rate", "0.5"):
        done = project.run("pixelproof", "reproduce", run_id(project))
    assert done.returncode == 1
    assert done.stdout.startswith("not identical: parameter mlp.learning_rate: 0.5 recorded, 0.001 rebuilt")


def test_an_experiment_is_listed_with_its_run(project: Project) -> None:
    """Else an experiment could not be found in MLflow, nor a run in DVC."""
    done = project.run("dvc", "exp", "run", "--name", "narrow", "-S", "mlp.hidden=[4]", "train@mlp")
    assert done.returncode == 0, done.stdout + done.stderr
    listed = project.run("env", "COLUMNS=80", "pixelproof", "runs", "narrow")
    assert listed.returncode == 0, listed.stderr
    assert run_id(project) in listed.stdout
    where = project.run("pixelproof", "where", run_id(project))
    assert "narrow" in where.stdout


@pytest.mark.parametrize("command", ["where", "reproduce"])
def test_an_unknown_run_is_one_message(project: Project, command: str) -> None:
    """Else a typing error would end in a traceback of MLflow's."""
    done = project.run("pixelproof", command, "0123")
    assert done.returncode == 1
    assert "there is no such run" in done.stderr
    assert "Traceback" not in done.stderr


def test_without_any_run_the_message_says_what_to_do(tmp_path: Path) -> None:
    """Else looking would leave an empty database behind."""
    project = Project.tiny(tmp_path)
    done = project.run("pixelproof", "where", "0123")
    assert done.returncode == 1
    assert "make repro" in done.stderr
    assert not (tmp_path / "mlflow.db").exists()
