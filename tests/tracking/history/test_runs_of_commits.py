"""From a run back to what made it, and again to the same weights: with real Git, DVC and MLflow."""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pixelproof.tracking.run.machine import usable_cores
from tests.support.imports import ROOT
from tests.support.prepared import Prepared
from tests.support.project import Project

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with an uncommitted edit, whose models have been trained, and whose Git knows who commits."""
    project = prepared.whole(tmp_path_factory.mktemp("project"))
    project.environment = {
        f"GIT_{role}_{key}": value
        for role in ("AUTHOR", "COMMITTER")
        for key, value in (("NAME", "t"), ("EMAIL", "t@example.org"))
    }
    return project


def recorded(project: Project, model: str = "mlp") -> Any:
    return json.loads((project.root / f"models/{model}/run.json").read_text("utf-8"))


def run_id(project: Project, model: str = "mlp") -> str:
    return str(recorded(project, model)["run_id"])


@contextmanager
def recorded_otherwise(project: Project, run: str, key: str, value: str) -> Iterator[None]:
    """Let MLflow's record of a run say another value of a parameter for a while."""
    with closing(sqlite3.connect(project.root / "mlflow.db")) as database:
        where = "where key = ? and run_uuid = ?", (key, run)
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
    trained_at = project.run("git", "rev-list", "--max-parents=0", "HEAD").stdout.strip()
    for fact in (trained_at, "train@mlp", "params.yaml", "data/resized", "scikit-learn"):
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
    """Else reproducible would be a claim; the CNN's arithmetic is what could differ."""
    before = project.outputs()
    done = project.run("pixelproof", "reproduce", run_id(project, "cnn"))
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith("identical: ")
    assert f"and the weights (sha256 {recorded(project, 'cnn')['weights_sha256']})" in done.stdout
    assert project.outputs() == before  # and the project is as it was


def test_a_run_that_was_recorded_wrongly_is_told_with_the_first_difference(project: Project) -> None:
    """Else a changed record would pass for the truth, or another number of cores would look like a fault of ours."""
    from mlflow.tracking import MlflowClient

    run = run_id(project)
    MlflowClient(f"sqlite:///{project.root / 'mlflow.db'}").set_tag(run, "cpus", "64")
    with recorded_otherwise(project, run, "mlp.learning_rate", "0.5"):
        done = project.run("pixelproof", "reproduce", run)
    assert done.returncode == 1
    rate = YAML(typ="safe").load((project.root / "params.yaml").read_text("utf-8"))["mlp"]["learning_rate"]
    told = f"not identical: parameter mlp.learning_rate: 0.5 recorded, {rate} rebuilt; 1 differences in all"
    machine = f"The machines differ, which can give other weights:\n  cores: {usable_cores()} instead of 64"
    assert done.stdout.strip() == f"{told}\n{machine}"


def log_test_metrics(project: Project, run: str, accuracy: float) -> Any:
    """Let a run look evaluated; the evaluation would need both models anew."""
    from mlflow.tracking import MlflowClient

    client = MlflowClient(f"sqlite:///{project.root / 'mlflow.db'}")
    client.log_metric(run, "test/accuracy", accuracy)
    return client


def test_what_the_alias_points_at_is_what_dvcs_artifact_holds(project: Project, tmp_path: Path) -> None:
    """Two registries that name different models would be worse than one."""
    for command in (("git", "add", "dvc.lock"), ("git", "commit", "--quiet", "-m", "trained")):
        assert project.run(*command).returncode == 0
    client = log_test_metrics(project, run_id(project), 0.9)
    done = project.run("pixelproof", "promote", run_id(project), "--git-tag")
    assert done.returncode == 0, done.stdout + done.stderr
    got = tmp_path / "got"
    done = project.run("dvc", "artifacts", "get", ".", "mlp", "--stage", "champion", "--out", str(got))
    assert done.returncode == 0, done.stdout + done.stderr
    weights = json.loads((got / "run.json").read_text("utf-8"))["weights_sha256"]
    version = client.get_model_version_by_alias("pixelproof", "champion")
    assert version.tags["weights_sha256"] == weights
    lock = project.run("git", "show", f"{version.tags['dvc.revision']}:dvc.lock").stdout
    assert version.tags["dvc.model_md5"] in lock
    assert weights_of_champion(project) == weights


def weights_of_champion(project: Project) -> str:
    """Load the champion by the lines of docs/registry.md; return the hash of its weights."""
    shown = (ROOT / "docs/registry.md").read_text("utf-8").partition("```python\n")[2].partition("```")[0]
    hashed = (
        "from pixelproof.training.loop import weights_sha256\n"
        "mlp = model.get_raw_model()['mlp']\n"
        "print(weights_sha256([*mlp.coefs_, *mlp.intercepts_]))\n"
    )
    done = project.run("python", "-c", shown + hashed)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def test_a_worse_run_is_refused_by_one_message(project: Project) -> None:
    """Else a script could not tell, by the exit status, whether the champion is a new one."""
    log_test_metrics(project, run_id(project), 0.9)
    project.run("pixelproof", "promote", run_id(project))
    log_test_metrics(project, run_id(project, "cnn"), 0.8)
    done = project.run("pixelproof", "promote", run_id(project, "cnn"))
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(f"error: run {run_id(project, 'cnn')[:8]} (cnn) does not become champion: ")
    assert "worse by 0.1000" in done.stderr
    assert "Traceback" not in done.stderr


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
    project = Project.create(tmp_path)
    done = project.run("pixelproof", "where", "0123")
    assert done.returncode == 1
    assert "make repro" in done.stderr
    assert not (tmp_path / "mlflow.db").exists()
