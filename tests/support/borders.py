"""Programs that kill themselves, or wait, at a border: between two steps, whatever time that takes on this machine."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from mlflow.entities import Run
from mlflow.tracking import MlflowClient

from tests.support.environment import environment
from tests.support.project import Project

HOOK = Path(__file__).with_name("at_border")
KILLED = -9


def border(program: str, function: str, action: str, **options: Any) -> dict[str, str]:
    """Return the environment in which `python -m program` kills itself, or waits, at a call of a function."""
    content = {"program": program, "function": function, "action": action, **options}
    return {"AT_BORDER": json.dumps(content), "PYTHONPATH": str(HOOK)}


def start(project: Project, *command: str, at: dict[str, str] | None = None) -> "subprocess.Popen[str]":
    """Start `python -m command` in the project, in a session of its own; what it says is in `stdout`."""
    return subprocess.Popen(
        [sys.executable, "-m", *command],
        cwd=project.root,
        env=environment() | (at or {}),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )


def finish(process: "subprocess.Popen[str]") -> str:
    """Wait for a program that must succeed; return what it said."""
    said = process.communicate()[0]
    assert process.returncode == 0, said
    return said


def killed(process: "subprocess.Popen[str]", *, status: int = KILLED) -> str:
    """Wait for a program that must die at its border, or end with `status` because its child did."""
    said = process.communicate()[0]
    assert process.returncode == status, said
    return said


def client_of(project: Project) -> MlflowClient:
    return MlflowClient(f"sqlite:///{project.root / 'mlflow.db'}")


def runs(project: Project, model: str) -> list[Run]:
    """Return all runs of a model, the newest first."""
    client = client_of(project)
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    return list(client.search_runs(experiments, f"tags.model = '{model}'"))


def run_in_place(project: Project, model: str) -> Run:
    """Return the run of the model that lies in models/<model>/."""
    record = json.loads((project.root / f"models/{model}/run.json").read_text("utf-8"))
    return client_of(project).get_run(record["run_id"])


def points(project: Project, run: Run) -> dict[str, list[int]]:
    """Return the steps of each of a run's metrics, once for each point."""
    client = client_of(project)
    return {
        key: sorted(point.step for point in client.get_metric_history(run.info.run_id, key)) for key in run.data.metrics
    }
