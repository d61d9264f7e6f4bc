"""DVC's own queue: several experiments at once, in temporary folders, into one MLflow."""

import json
import time
from pathlib import Path
from typing import Any

import pytest
from photos import write_photos
from project import Project

pytestmark = pytest.mark.slow

LIMIT = 1500  # seconds; two cores that nobody else uses need a tenth
SIZES = {"small": 8, "large": 12}  # of a batch: what both models depend on, so that DVC restores none of them


def statuses(project: Project) -> dict[str, str]:
    lines = project.run("dvc", "queue", "status").stdout.splitlines()[1:]
    return {line.split()[1]: line.split()[-1] for line in lines if line[:1].isalnum() and "Worker" not in line}


def shown(project: Project) -> dict[str, Any]:
    """Return the metrics of every experiment, by its name."""
    states = json.loads(project.run("dvc", "exp", "show", "--json").stdout)
    experiments = [experiment for state in states for experiment in state["experiments"] or []]
    return {experiment["name"]: experiment["revs"][0]["data"]["metrics"] for experiment in experiments}


def test_two_queued_experiments_run_at_once_and_each_leaves_its_two_runs(tmp_path: Path) -> None:
    """Else `dvc queue start -j 2` would lose runs, log them twice, or log them to a folder that is deleted."""
    write_photos(tmp_path / "photos")
    project = Project.tiny(tmp_path / "project", source=str(tmp_path / "photos"))
    for name, size in SIZES.items():
        queued = project.run("dvc", "exp", "run", "--queue", "-n", name, "-S", f"train.batch_size={size}")
        assert queued.returncode == 0, queued.stderr
    project.run("sh", "-c", "dvc queue start -j 2 >/dev/null 2>&1")  # the workers keep the output open
    until = time.monotonic() + LIMIT
    at_once = set()
    while set((status := statuses(project)).values()) & {"Queued", "Running"} and time.monotonic() < until:
        at_once.add(list(status.values()).count("Running"))
        time.sleep(1)
    logs = "\n".join(project.run("dvc", "queue", "logs", name).stdout[-3000:] for name in SIZES)
    assert status == dict.fromkeys(SIZES, "Success"), logs
    assert 2 in at_once
    results = shown(project)
    assert results.keys() == SIZES.keys()
    assert all(0 <= found["reports/metrics.json"]["data"]["cnn"]["accuracy"] <= 1 for found in results.values())
    assert logged(project) == [("cnn", "12"), ("cnn", "8"), ("mlp", "12"), ("mlp", "8")]


def logged(project: Project) -> list[tuple[str, str]]:
    """Return model and batch size of each run in the project's own store; all must have ended well."""
    from mlflow.tracking import MlflowClient

    client = MlflowClient(f"sqlite:///{project.root / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("pixelproof")
    assert experiment is not None
    runs = client.search_runs([experiment.experiment_id])
    assert {run.info.status for run in runs} == {"FINISHED"}
    return sorted((run.data.tags["model"], run.data.params["train.batch_size"]) for run in runs)
