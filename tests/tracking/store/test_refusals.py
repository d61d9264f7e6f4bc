"""What a person reads when the tracking server refuses, or is not there."""

import http.server
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from pixelproof.errors import UserError
from tests.support.servers.postgres import free_port

pytestmark = pytest.mark.slow  # MLflow takes four seconds to load


class Refusing(http.server.ThreadingHTTPServer):
    """A server that answers every request with one status and text."""

    status, text = 200, ""


class Answer(http.server.BaseHTTPRequestHandler):
    server: Refusing

    def do_GET(self) -> None:
        content = self.server.text.encode()
        self.send_response(self.server.status)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def refusing() -> Iterator[Refusing]:
    with Refusing(("127.0.0.1", 0), Answer) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def connect(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Connects to an address as the user ada."""
    import mlflow

    from pixelproof.tracking.store import connection

    monkeypatch.setenv("MLFLOW_TRACKING_USERNAME", "ada")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")

    def to(uri: str) -> None:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
        connection.connect()

    yield to
    mlflow.set_tracking_uri(None)  # None takes it back


@pytest.mark.parametrize(
    ("status", "text", "says"),
    [
        (401, "You are not authenticated.", r"a name and a password that it knows \(MLFLOW_TRACKING_USERNAME=ada\)"),
        (403, "Invalid Host header - possible DNS rebinding attack detected", "MLFLOW_HOSTS"),
        (403, "Permission denied", r"does not let this user do that \(MLFLOW_TRACKING_USERNAME=ada\)"),
    ],
)
def test_a_refusal_says_what_to_change(refusing: Refusing, connect: Any, status: int, text: str, says: str) -> None:
    """Else a person would read a traceback of MLflow's."""
    refusing.status, refusing.text = status, text
    with pytest.raises(UserError, match=says):
        connect(f"http://127.0.0.1:{refusing.server_port}")


def test_a_password_in_the_address_is_not_repeated(refusing: Refusing, connect: Any) -> None:
    """Messages end up in logs and questions to others."""
    refusing.status, refusing.text = 401, "You are not authenticated."
    with pytest.raises(UserError, match=f"^http://127.0.0.1:{refusing.server_port}: ") as refusal:
        connect(f"http://ada:hidden@127.0.0.1:{refusing.server_port}")
    assert "hidden" not in str(refusal.value)


def test_a_server_that_is_not_there_is_named(connect: Any) -> None:
    """The most common mistake: the server is down, or its address misspelt."""
    with pytest.raises(UserError, match="no MLflow server answers"):
        connect(f"http://127.0.0.1:{free_port()}")


def test_other_errors_of_mlflow_stay_errors(refusing: Refusing, connect: Any) -> None:
    """A defect of the server's must not look like the user's mistake."""
    from mlflow.exceptions import MlflowException

    refusing.status, refusing.text = 400, "a defect"
    with pytest.raises(MlflowException, match="a defect"):
        connect(f"http://127.0.0.1:{refusing.server_port}")
