"""`pixelproof serve` as a process."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest
import requests

from pixelproof.inference.pyfunc import PhotoModel
from tests.support.environment import environment
from tests.support.photos import encoded, picture
from tests.support.saved_models import save_mlp
from tests.support.servers.postgres import free_port
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

JPEG = encoded(picture(), "JPEG")
PROGRAM = [sys.executable, "-c", "from pixelproof.cli import main; main()", "serve"]


def is_ready(address: str) -> bool:
    try:
        return requests.get(f"{address}/ready", timeout=5).ok
    except requests.RequestException:
        return False


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_saved_model_is_served_until_a_signal_comes(tmp_path: Path, number: int, status: int) -> None:
    """As a person at a terminal, or a container, runs it."""
    model, port = save_mlp(tmp_path / "model"), free_port()
    command = [*PROGRAM, f"--model={model}", f"--port={port}"]
    process = subprocess.Popen(
        command, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    address = f"http://127.0.0.1:{port}"
    wait_until(lambda: is_ready(address), process)
    (answer,) = requests.post(f"{address}/predict", data=JPEG, timeout=60).json()["answers"]
    (known,) = PhotoModel.open(model).predict([JPEG])["probabilities"]
    assert answer["probabilities"] == pytest.approx(known, abs=1e-6)
    process.send_signal(number)
    said, _ = process.communicate(timeout=60)
    assert f"{address}/ answers photos by {model}" in said
    assert "Traceback" not in said
    assert "What its libraries said" not in said, "an end that was asked for is no crash"
    assert process.returncode == status


@pytest.mark.parametrize(
    ("options", "says"),
    [(["--model=nothing"], "error: --model nothing: there is no such model"), (["--port=0"], "--port")],
)
def test_a_mistake_is_one_message(tmp_path: Path, options: list[str], says: str) -> None:
    """Never a traceback."""
    done = subprocess.run(
        [*PROGRAM, *options], cwd=tmp_path, env=environment(), capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert says in done.stderr
    assert "Traceback" not in done.stderr


def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    """Else the program would end without a word of why."""
    import socket

    model = save_mlp(tmp_path / "model")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = subprocess.run(
            [*PROGRAM, f"--model={model}", f"--port={port}"],
            cwd=tmp_path,
            env=environment(),
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert f"error: 127.0.0.1:{port}: " in done.stderr
    assert "Traceback" not in done.stderr
