"""MLflow's own server and registry answer photos, offline."""

import base64
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import mlflow
import numpy as np
import pytest
import requests

from pixelproof.inference.pyfunc import PhotoModel
from tests.support.environment import environment
from tests.support.photos import encoded, picture
from tests.support.saved_models import CLASSES, save_mlp
from tests.support.servers.postgres import free_port
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

JPEG = encoded(picture(), "JPEG")
TEXT = base64.b64encode(JPEG).decode()


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return save_mlp(tmp_path_factory.mktemp("mlp") / "model")


@pytest.fixture(scope="module")
def server(model: Path) -> Iterator[str]:
    """The address of `mlflow models serve`, with what is installed here."""
    port = free_port()
    command = [sys.executable, "-m", "mlflow", "models", "serve", "--env-manager=local", f"--port={port}"]
    with (model.parent / "server.log").open("ab") as log:
        process = subprocess.Popen(
            [*command, f"--model-uri={model}", "--host=127.0.0.1"],
            cwd=model.parent,
            env=environment(),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    address = f"http://127.0.0.1:{port}"
    try:
        wait_until(lambda: is_up(address), process)
        yield address
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def is_up(address: str) -> bool:
    try:
        return requests.get(f"{address}/ping", timeout=5).ok
    except requests.RequestException:
        return False


@pytest.mark.parametrize(
    "body", [{"inputs": [TEXT, "bm8="]}, {"dataframe_records": [{"photo": TEXT}, {"photo": "bm8="}]}]
)
def test_the_server_answers_a_jpeg_in_base64(server: str, model: Path, body: object) -> None:
    """Else a team that has an MLflow server could not use it."""
    answered = requests.post(f"{server}/invocations", json=body, timeout=60)
    assert answered.ok, answered.text
    good, bad = answered.json()["predictions"]
    (known,) = PhotoModel.open(model).predict([JPEG])["probabilities"]
    assert good["probabilities"] == pytest.approx(known, abs=1e-6)
    assert good["label"] == max(known, key=known.get)
    assert bad["label"] is None
    assert bad["error"].startswith("not an image")


def test_two_hundred_real_photos_get_the_answers_of_the_model_in_this_process(
    server: str, model: Path, mixed_photos: Path
) -> None:
    """Else a team's server would say something else than `evaluate`, of some sizes, modes, orientations or formats."""
    photos = sorted(mixed_photos.rglob("*.*"))
    known = PhotoModel.open(model).predict(photos)
    sent = [base64.b64encode(photo.read_bytes()).decode() for photo in photos]
    answered = requests.post(f"{server}/invocations", json={"inputs": sent}, timeout=300)
    assert answered.ok, answered.text
    answers = answered.json()["predictions"]
    assert known["error"].isna().sum() >= 200
    assert [answer["error"] for answer in answers] == known["error"].tolist()
    for answer, shares in zip(answers, known["probabilities"], strict=True):
        assert answer["probabilities"] == (shares and pytest.approx(shares, abs=1e-6))


def test_pixels_are_taken_as_well(server: str) -> None:
    """As before a model took photos."""
    answered = requests.post(f"{server}/invocations", json={"inputs": np.zeros((1, 360)).tolist()}, timeout=60)
    assert answered.ok, answered.text
    assert np.sum(answered.json()["predictions"]) == pytest.approx(1, abs=1e-5)


def test_a_champion_answers_a_photo(model: Path, tmp_path: Path) -> None:
    """The README shows this line."""
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path / 'mlflow.db'}")
    client = mlflow.MlflowClient()
    experiment = client.create_experiment("photos", artifact_location=(tmp_path / "artifacts").as_uri())
    run = client.create_run(experiment)
    client.log_artifacts(run.info.run_id, str(model), "model")
    client.create_registered_model("pixelproof-mlp")
    version = client.create_model_version("pixelproof-mlp", f"{run.info.artifact_uri}/model", run.info.run_id)
    client.set_registered_model_alias("pixelproof-mlp", "champion", version.version)
    path = tmp_path / "photo.jpg"
    path.write_bytes(JPEG)
    answers = mlflow.pyfunc.load_model("models:/pixelproof-mlp@champion").predict([str(path)])
    assert answers["label"][0] in CLASSES
