"""`pixelproof sweep` by real processes: killed and continued, stopped by Ctrl-C, pruned."""

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import optuna
import psutil
import pytest
from optuna.trial import FrozenTrial, TrialState
from ruamel.yaml import YAML

from tests.support.borders import border
from tests.support.environment import environment
from tests.support.prepared import Prepared
from tests.support.project import Project
from tests.support.waiting import LIMIT, wait_until

pytestmark = pytest.mark.slow

EPOCHS = 200
STALE = ("reports/metrics.json", "reports/valid/cnn.json")  # of the commit that a sweep of the MLP begins at
START = "from pixelproof.cli import main; main()"  # the project's own copy, whatever is installed


def searched(params: Any) -> None:
    """The MLP trains an epoch in some milliseconds; so many last long enough to be stopped."""
    params["train"].update(epochs=EPOCHS)
    params["train"].pop("early_stopping", None)


@pytest.fixture(scope="module")
def project(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project that has all that its trainings need; its photos lie inside, and Git does not know them."""
    project = prepared.ready_to_train(tmp_path_factory.mktemp("project"))
    project.edit(searched)
    project.repro("augment")  # `plan` alone
    for path in STALE:
        (project.root / path).parent.mkdir(exist_ok=True)
        (project.root / path).write_text('{"mlp": {"accuracy": 0.125}}')
    author = ("-c", "user.name=t", "-c", "user.email=t@t")
    for command in (("add", *STALE), (*author, "commit", "--quiet", "-m", "evaluated", "--", *STALE)):
        assert project.run("git", *command).returncode == 0
    return project


@pytest.fixture
def two_epochs(project: Project) -> Iterator[None]:
    """Let the trials of a test be short."""
    project.edit(lambda params: params["train"].update(epochs=2))
    yield
    project.edit(searched)


def write_sweep(project: Project, name: str, **keys: Any) -> Path:
    path = project.root / "sweeps" / f"{name}.yaml"
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as file:
        YAML().dump({"sampler": {"kind": "random", "seed": 1}, **keys}, file)
    return path.relative_to(project.root)


def begin(project: Project, file: Path, at: dict[str, str] | None = None) -> "subprocess.Popen[str]":
    command, env = [sys.executable, "-c", START, "sweep", str(file)], environment() | (at or {})
    return subprocess.Popen(
        command, cwd=project.root, env=env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )


def complete(project: Project, file: Path) -> str:
    """Run a sweep to its end; return what it said."""
    process = begin(project, file)
    said = process.communicate(timeout=LIMIT)[0]
    assert process.returncode == 0, said
    return said


def trials(project: Project, name: str) -> list[FrozenTrial]:
    storage = f"sqlite:///{project.root / 'sweeps' / name}.db"
    return optuna.load_study(study_name=name, storage=storage).get_trials()


def states(project: Project, name: str) -> list[TrialState]:
    return [trial.state for trial in trials(project, name)]


def logged(project: Project, sweep: str) -> dict[str, list[tuple[str, str]]]:
    """Return, by trial, MLflow's status and the learning rate of each of its runs."""
    from mlflow.tracking import MlflowClient

    if not (project.root / f"sweeps/{sweep}.db").is_file():  # a look at MLflow's tables while they are made breaks them
        return {}
    client = MlflowClient(f"sqlite:///{project.root / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("pixelproof")
    found: dict[str, list[tuple[str, str]]] = {}
    for run in client.search_runs([experiment.experiment_id], f"tags.sweep = '{sweep}'") if experiment else []:
        rate = run.data.params.get("mlp.learning_rate", "")
        found.setdefault(run.data.tags["trial"], []).append((run.info.status, rate))
    return found


def status(project: Project) -> str:
    """Return what Git finds changed, but for the runs."""
    return project.run("git", "status", "--porcelain", "--", ".", ":(exclude)runs").stdout


def kept(project: Project, sweep: str) -> list[str]:
    """Say how each run of a sweep ended by its folder in runs/; one that was killed could not write that itself."""
    from pixelproof.tracking.delivery.kept import as_ended
    from pixelproof.tracking.run.record import files_in, read_training

    folders = (project.root / "runs").iterdir()
    records = [as_ended(read_training(files_in(folder)).record) for folder in folders]
    return [record.status for record in records if record.tags["sweep"] == sweep]


def metrics(project: Project, experiment: str) -> dict[str, Any]:
    """Return the metrics that `dvc exp show` has of an experiment, by file; without files that have none."""
    states = json.loads(project.run("dvc", "exp", "show", "--json").stdout)
    listed = [each for state in states for each in state["experiments"] or [] if each["name"] == experiment]
    found = listed[0]["revs"][0]["data"]["metrics"]
    return {path: of["data"] for path, of in found.items() if of.get("data")}


def experiments(project: Project, sweep: str) -> set[str]:
    refs = project.run("git", "for-each-ref", "--format=%(refname:lstrip=4)", "refs/exps").stdout.split()
    return {name for name in refs if name.startswith(f"sweep-{sweep}-")}


def workers(project: Project) -> list[psutil.Process]:
    """Return the processes that work in a clone."""
    found = []
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()).is_relative_to(project.root / ".work/sweeps"):
                found.append(process)
        except (psutil.Error, OSError):
            continue
    return found


def test_a_sweep_that_is_killed_goes_on_with_what_it_had_begun(project: Project) -> None:
    """A night's trials must survive a kill -9; what runs on without the sweep must not be counted, nor go on."""
    space = {"mlp.learning_rate": {"float": [0.0001, 0.01], "log": True}}
    file = write_sweep(project, "killed", model="mlp", trials=3, workers=2, space=space)
    before = status(project), (project.root / "params.yaml").read_bytes()
    process = begin(project, file)
    wait_until(
        lambda: [status for runs in logged(project, "killed").values() for status, _ in runs].count("RUNNING") == 2,
        process,
    )
    begun = [trial.params for trial in trials(project, "killed")]
    process.kill()
    process.communicate()
    assert workers(project), "else there is nothing to clear away"
    said = complete(project, file)
    assert not workers(project)
    all_trials = trials(project, "killed")
    ended = [trial for trial in all_trials if trial.state == TrialState.COMPLETE]
    assert len(ended) == 3
    assert [trial.state for trial in all_trials].count(TrialState.FAIL) == 2
    assert all(params in [trial.params for trial in ended] for params in begun)
    assert experiments(project, "killed") == {f"sweep-killed-{trial.number}" for trial in ended}
    runs = logged(project, "killed")
    for trial in ended:
        assert runs.pop(str(trial.number)) == [("FINISHED", str(trial.params["mlp.learning_rate"]))]
    assert [status for [(status, _)] in runs.values()] == ["KILLED", "KILLED"]
    best = max(ended, key=lambda trial: (trial.value, -trial.number))
    assert f"best: sweep-killed-{best.number}, valid_accuracy {best.value:.4f}" in said
    assert {path.name for path in (project.root / "reports/sweeps/killed").iterdir()} >= {"trials.csv", "history.png"}
    assert (status(project), (project.root / "params.yaml").read_bytes()) == before
    assert sorted(kept(project, "killed")) == [*["FINISHED"] * 3, "KILLED", "KILLED"]


def test_a_bad_trial_is_pruned(project: Project) -> None:
    """Else a sweep would spend its time on what is lost early, here on a network that cannot move."""
    file = write_sweep(
        project,
        "pruned",
        model="mlp",
        metric="valid_loss",
        trials=2,
        sampler={"kind": "grid", "seed": 0},
        pruner={"kind": "median", "startup_trials": 1, "warmup_epochs": 20},
        space={"mlp.learning_rate": {"choice": [3.1622776601683795e-05, 1e-9]}},
    )
    said = complete(project, file)
    good, bad = trials(project, "pruned")
    assert (good.params, good.state) == ({"mlp.learning_rate": "3.1622776601683795e-05"}, TrialState.COMPLETE)
    assert (bad.params, bad.state) == ({"mlp.learning_rate": "1e-09"}, TrialState.PRUNED)
    assert 20 <= max(bad.intermediate_values) < EPOCHS
    assert logged(project, "pruned") == {
        "0": [("FINISHED", "3.1622776601683795e-05")],
        "1": [("KILLED", "1e-09")],
    }
    assert experiments(project, "pruned") == {"sweep-pruned-0"}
    assert "best: sweep-pruned-0" in said
    assert not workers(project)
    assert sorted(kept(project, "pruned")) == ["FINISHED", "KILLED"]
    (why,) = (project.root / "runs").glob("*/pruned-*.json")
    assert f'"pruned": "after epoch {max(bad.intermediate_values)}"' in why.read_text()
    shows_its_own_metrics(project, good)
    names = {json.loads(path.read_text("utf-8"))["name"] for path in (project.root / "runs").glob("*/record.json")}
    assert any("learning_rate=3.16e-05" in name for name in names)


def shows_its_own_metrics(project: Project, trial: Any) -> None:
    """Else `dvc exp show` would give each trial the accuracy of the commit that the sweep began at."""
    shown = metrics(project, f"sweep-pruned-{trial.number}")
    assert shown.keys() == {"reports/plan/summary.json", "reports/valid/mlp.json"}
    assert shown["reports/valid/mlp.json"]["mlp"]["valid"]["loss"] == trial.value


def test_a_training_that_is_done_is_not_stopped_by_ctrl_c(project: Project, two_epochs: None) -> None:
    """Else the last of a night's trials would be marked as killed while DVC stores its model, and be trained again."""
    gate = project.root / ".work/go on"
    waiting = border("stages.train_mlp", "pixelproof.training.checkpoint:discard", "wait", until=str(gate))
    file = write_sweep(project, "done", model="mlp", trials=2, space={"mlp.learning_rate": {"choice": [0.004]}})
    process = begin(project, file, waiting)
    wait_until(lambda: logged(project, "done") == {"0": [("FINISHED", "0.004")]}, process)
    process.send_signal(signal.SIGINT)
    time.sleep(3)  # the sweep looks at its trial each second
    gate.touch()
    said = process.communicate(timeout=LIMIT)[0]
    assert process.returncode == 130, said
    assert logged(project, "done") == {"0": [("FINISHED", "0.004")]}
    assert states(project, "done") == [TrialState.COMPLETE]
    assert experiments(project, "done") == {"sweep-done-0"}


def test_ctrl_c_stops_the_trials_and_says_how_to_go_on(project: Project) -> None:
    """Else trainings would go on in the background of somebody who wanted the machine back."""
    space = {"mlp.learning_rate": {"choice": [0.003]}}
    file = write_sweep(project, "stopped", model="mlp", trials=1, space=space)
    process = begin(project, file)
    wait_until(lambda: bool(logged(project, "stopped")), process)
    process.send_signal(signal.SIGINT)
    said = process.communicate(timeout=LIMIT)[0]
    assert process.returncode == 130, said
    assert "run the same command to continue" in said
    assert "Traceback" not in said
    assert not workers(project)
    assert logged(project, "stopped") == {"0": [("KILLED", "0.003")]}
    assert states(project, "stopped") == [TrialState.FAIL, TrialState.WAITING]  # which the next start runs first


def test_a_trial_that_fails_says_why(project: Project) -> None:
    """Else a sweep over networks that cannot be built would end with an empty table."""
    space = {"mlp.learning_rate": {"choice": [0.001]}, "augment.transforms.move.rotat": {"choice": [1]}}
    process = begin(project, write_sweep(project, "failed", model="mlp", trials=9, space=space))
    said = process.communicate(timeout=LIMIT)[0]
    assert process.returncode == 1
    assert "3 trials in a row failed" in said
    assert "rotat" in said.splitlines()[-1]
    assert states(project, "failed") == [TrialState.FAIL] * 3
