"""`pixelproof sweep` by real processes: killed and continued, stopped by Ctrl-C, pruned."""

import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import optuna
import psutil
import pytest
from optuna.trial import FrozenTrial, TrialState
from ruamel.yaml import YAML

from tests.support.environment import environment
from tests.support.prepared import Prepared
from tests.support.project import Project
from tests.support.waiting import LIMIT, wait_until

pytestmark = pytest.mark.slow

EPOCHS = 400
START = "from pixelproof.cli import main; main()"  # the project's own copy, whatever is installed


def searched(params: Any) -> None:
    """The MLP trains an epoch in some milliseconds; so many last long enough to be stopped."""
    params["train"].update(epochs=EPOCHS)
    del params["train"]["early_stopping"]


@pytest.fixture(scope="module")
def project(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project that has all that its trainings need; its photos lie inside, and Git does not know them."""
    project = prepared.ready_to_train(tmp_path_factory.mktemp("project"))
    project.edit(searched)
    project.repro("augment")  # `plan` alone
    return project


def write_sweep(project: Project, name: str, **keys: Any) -> Path:
    path = project.root / "sweeps" / f"{name}.yaml"
    path.parent.mkdir(exist_ok=True)
    with path.open("w") as file:
        YAML().dump({"sampler": {"kind": "random", "seed": 1}, **keys}, file)
    return path.relative_to(project.root)


def begin(project: Project, file: Path) -> "subprocess.Popen[str]":
    command = [sys.executable, "-c", START, "sweep", str(file)]
    return subprocess.Popen(
        command, cwd=project.root, env=environment(), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
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
    before = project.run("git", "status", "--porcelain").stdout, (project.root / "params.yaml").read_bytes()
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
    assert (project.run("git", "status", "--porcelain").stdout, (project.root / "params.yaml").read_bytes()) == before


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
        space={"mlp.learning_rate": {"choice": [1e-5, 1e-9]}},
    )
    said = complete(project, file)
    good, bad = trials(project, "pruned")
    assert (good.params, good.state) == ({"mlp.learning_rate": "1e-05"}, TrialState.COMPLETE)
    assert (bad.params, bad.state) == ({"mlp.learning_rate": "1e-09"}, TrialState.PRUNED)
    assert 20 <= max(bad.intermediate_values) < EPOCHS
    assert logged(project, "pruned") == {"0": [("FINISHED", "1e-05")], "1": [("KILLED", "1e-09")]}
    assert experiments(project, "pruned") == {"sweep-pruned-0"}
    assert "best: sweep-pruned-0" in said
    assert not workers(project)


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
    assert states(project, "stopped") == [TrialState.FAIL, TrialState.WAITING]
    assert "best: sweep-stopped-1" in complete(project, file)


def test_a_trial_that_fails_says_why(project: Project) -> None:
    """Else a sweep over networks that cannot be built would end with an empty table."""
    space = {"mlp.learning_rate": {"choice": [0.001]}, "augment.transforms.move.rotat": {"choice": [1]}}
    process = begin(project, write_sweep(project, "failed", model="mlp", trials=9, space=space))
    said = process.communicate(timeout=LIMIT)[0]
    assert process.returncode == 1
    assert "3 trials in a row failed" in said
    assert "rotat" in said.splitlines()[-1]
    assert states(project, "failed") == [TrialState.FAIL] * 3
