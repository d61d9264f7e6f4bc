"""A real MLflow server that dies while a model is trained: the training ends, and `pixelproof sync` brings the rest."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import requests

from pixelproof.files import read_json
from tests.support.environment import environment
from tests.support.prepared import Prepared
from tests.support.project import Project
from tests.support.runs import everything
from tests.support.servers.postgres import free_port
from tests.support.train_kills import READY, prepared_project
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

EPOCHS = 150
CURVES = {"train/loss": "train_loss", "valid/loss": "valid_loss", "valid/accuracy": "valid_accuracy"}


@contextmanager
def serving(folder: Path, port: int) -> Iterator[subprocess.Popen[bytes]]:
    """Serve the store in a folder."""
    store = f"sqlite:///{folder / 'server.db'}"
    command = [sys.executable, "-m", "mlflow", "server", "--host=127.0.0.1", f"--port={port}", "--workers=1"]
    without = {"MLFLOW_DISABLE_TELEMETRY": "true", "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}  # eight processes
    with (folder / "server.log").open("ab") as log:
        server = subprocess.Popen(
            [*command, f"--backend-store-uri={store}", f"--artifacts-destination={folder / 'artifacts'}"],
            cwd=folder,
            env=environment() | without,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        wait_until(lambda: answers(f"http://127.0.0.1:{port}/health"), server)
        yield server
    finally:
        kill(server)


def answers(address: str) -> bool:
    try:
        return requests.get(address, timeout=5).ok
    except requests.RequestException:
        return False


def kill(server: subprocess.Popen[bytes]) -> None:
    if server.poll() is None:
        os.killpg(server.pid, signal.SIGKILL)
    server.wait()


@pytest.fixture(scope="module")
def port() -> int:
    return free_port()


@pytest.fixture(scope="module")
def project(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory, port: int) -> Project:
    """A project that is ready to train an MLP for some seconds, and logs to a server."""
    project = prepared.made(READY, prepared_project).copied_to(tmp_path_factory.mktemp("project"))
    project.edit(lambda params: params["train"].update(epochs=EPOCHS))
    project.edit(lambda params: params["train"].pop("early_stopping"))
    project.edit(lambda params: params["train"].pop("checkpoint_minutes"))
    project.environment = {"MLFLOW_TRACKING_URI": f"http://127.0.0.1:{port}"}
    return project


def train(project: Project) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "stages.train_mlp"],
        cwd=project.root,
        env=environment() | dict(project.environment),
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )


def check_whole(project: Project, server: str) -> dict[str, Any]:
    """Compare what the server has with what the training wrote; return the run."""
    runs = everything(server)
    record = read_json(project.root / "models/mlp/run.json")
    run = runs[record["run_id"]]
    history = pd.read_csv(project.root / "models/mlp/history.csv")
    assert len(history) == EPOCHS
    for curve, column in CURVES.items():
        assert run["curves"][curve] == list(zip(*(history[key] for key in ("epoch", "ended", column)), strict=True))
    assert run["ended"][0] == "FINISHED"
    assert run["tags"]["weights_sha256"] == record["weights_sha256"]
    assert run["artifacts"].keys() == {"changes.diff"}
    assert [name for name, *_ in run["models"]] == ["mlp"]
    return run


def test_a_server_that_is_killed_stops_no_training_and_misses_nothing_in_the_end(
    project: Project, port: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Else a night's training would end with the server, or with half a curve. Then one without any server at all."""
    folder, address = tmp_path_factory.mktemp("server"), f"http://127.0.0.1:{port}"
    with serving(folder, port) as server:
        training = train(project)
        wait_for_epochs(address, training)
        kill(server)
        said = training.communicate(timeout=600)[0]
    assert training.returncode == 0, said
    assert said.count("`pixelproof sync` delivers them") == 1, said
    assert "Traceback" not in said
    begun = read_json(project.root / "models/mlp/run.json")
    assert begun["model_id"] is None, "the server was killed too late to prove anything"
    with serving(folder, port):
        synced = project.run("pixelproof", "sync")
        assert "1 run: 1 completed" in synced.stdout, synced.stdout + synced.stderr
        check_whole(project, address)
        again = project.run("pixelproof", "sync")
        assert "nothing was changed" in again.stdout, again.stdout + again.stderr
    check_a_training_without_a_server(project, folder, port)


def check_a_training_without_a_server(project: Project, folder: Path, port: int) -> None:
    project.edit(lambda params: params["mlp"].update(l2=0.001))
    training = train(project)
    said = training.communicate(timeout=600)[0]
    assert training.returncode == 0, said
    assert said.count("`pixelproof sync` delivers them") == 1, said
    down = project.run("pixelproof", "sync")
    assert down.returncode == 1
    assert "no MLflow server answers" in down.stderr
    with serving(folder, port):
        synced = project.run("pixelproof", "sync")
        assert "2 runs: 1 made, 1 already there" in synced.stdout, synced.stdout + synced.stderr
        check_whole(project, f"http://127.0.0.1:{port}")
        assert len(everything(f"http://127.0.0.1:{port}")) == 2


def wait_for_epochs(address: str, training: subprocess.Popen[str], epochs: int = 3) -> None:
    """Wait until the server has some points of the training's curve."""
    from mlflow.tracking import MlflowClient

    client = MlflowClient(address)

    def has_points() -> bool:
        experiment = client.get_experiment_by_name("pixelproof")
        runs = client.search_runs([experiment.experiment_id]) if experiment else []
        return bool(runs) and len(client.get_metric_history(runs[0].info.run_id, "valid/loss")) >= epochs

    wait_until(has_points, training, pause=0.05)
