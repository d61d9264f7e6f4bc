"""Keras as the project needs it, in processes of their own: Keras reads a user's configuration when it is imported."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pixelproof.files import read_json, write_json
from tests.support.environment import environment
from tests.support.imports import ROOT
from tests.support.prepared import Prepared
from tests.support.project import Project

pytestmark = pytest.mark.slow

OTHERWISE = {"image_data_format": "channels_first", "floatx": "float16", "epsilon": 0.1, "nnx_enabled": True}
START = """
from pixelproof import console
from pixelproof.network.cnn.saved.keras_setup import start_keras
console.run(lambda: start_keras("stage"))
"""


def start(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    seen = {**environment(), "PYTHONPATH": str(ROOT), **variables}
    command = [sys.executable, "-c", START]
    return subprocess.run(command, cwd=folder, env=seen, capture_output=True, text=True, check=False)


@pytest.fixture
def project(prepared: Prepared, tmp_path: Path) -> Project:
    return prepared.ready_to_train(tmp_path / "project")


def test_a_users_own_configuration_trains_the_same_network(prepared: Prepared, project: Project) -> None:
    """Else another network would be trained without a word, or the same one with other numbers."""
    home = project.root.parent
    write_json(home / "keras.json", {**OTHERWISE, "backend": "torch"})
    project.environment = {"KERAS_HOME": str(home)}
    done = project.run("python", "-m", "stages.train_cnn")
    assert done.returncode == 0, done.stderr
    usual = prepared.whole(home / "usual").root / "models/cnn/run.json"
    assert read_json(project.root / "models/cnn/run.json")["weights_sha256"] == read_json(usual)["weights_sha256"]


def test_another_network_than_the_plans_is_not_trained(project: Project) -> None:
    """Else hours of training would end in the evaluation's complaint."""
    project.edit(lambda params: params["cnn"]["layers"]["conv1"].update(filters=5))
    done = project.run("python", "-m", "stages.train_cnn")
    assert done.returncode == 1
    assert done.stderr.startswith("error: reports/plan/cnn.json: layer conv1: Keras built")
    assert done.stderr.endswith("Run `dvc repro plan`, which plans the network of params.yaml.\n")
    assert not list((project.root / ".work").glob("train-cnn-*"))


@pytest.mark.parametrize(
    ("backend", "message"),
    [
        ("torch", "KERAS_BACKEND=torch: No module named 'torch'. Install it, or unset KERAS_BACKEND."),
        ("numpy", "KERAS_BACKEND=numpy: expected one of tensorflow, jax, torch. Unset it to use TensorFlow."),
        ("tensorflw", "KERAS_BACKEND=tensorflw: expected one of tensorflow, jax, torch. Unset it to use TensorFlow."),
    ],
)
def test_a_backend_that_cannot_train_is_named(tmp_path: Path, backend: str, message: str) -> None:
    """Else the training would end in a traceback of Keras's."""
    blocked = tmp_path / "torch.py"  # where somebody has installed it
    blocked.write_text("raise ModuleNotFoundError(\"No module named 'torch'\")\n")
    done = start(tmp_path, KERAS_BACKEND=backend, PYTHONPATH=f"{tmp_path}:{ROOT}")
    assert (done.returncode, done.stderr) == (1, f"error: {message}\n")


@pytest.mark.parametrize(
    ("content", "reason"),
    [({"epsilon": 1}, "epsilon=1"), ({"floatx": "int8"}, "floatx=int8"), (["tensorflow"], "'list' object")],
)
def test_a_configuration_that_keras_refuses_is_named(tmp_path: Path, content: object, reason: str) -> None:
    """Else the training would end in a traceback that does not name the file."""
    (tmp_path / "keras.json").write_text(json.dumps(content))
    done = start(tmp_path, KERAS_HOME=str(tmp_path))
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {tmp_path / 'keras.json'}, or a variable KERAS_...: Keras refuses it: ")
    assert reason in done.stderr
    assert done.stderr.count("\n") == 1


def test_no_program_loads_keras_before_it_is_set_up() -> None:
    """Else TensorFlow's lines would be on the terminal, and its number of threads would be the machine's."""
    stages = [f"stages.{file.stem}" for file in sorted((ROOT / "stages").glob("[!_]*.py"))]
    program = (
        f"import sys, pixelproof.cli, {', '.join(stages)}; print(sorted({{'keras', 'tensorflow'}} & {{*sys.modules}}))"
    )
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
