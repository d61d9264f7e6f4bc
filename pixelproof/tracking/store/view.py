"""`make ui`: MLflow on this project's runs, whatever the working folder, and the address that shows their table.

python -m pixelproof.tracking.store.view
"""

import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import typer

from pixelproof import console
from pixelproof.errors import UserError
from pixelproof.params.section import PARAMS, read_yaml
from pixelproof.paths import project_root
from pixelproof.tracking.run.credentials import without_credentials
from pixelproof.tracking.run.naming import experiment_name
from pixelproof.tracking.store import connection, percent_signs, runs_table
from pixelproof.tracking.store.refusals import server_errors_as_user_errors

HOST = "127.0.0.1"
PORTS = range(5000, 5100)  # MLflow's own port, and where another program has it, the next
PROJECT_FILES = ("dvc.yaml", str(PARAMS))  # a project's folder has these
QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",  # eight processes for judges of language models
}
SECONDS_TO_STOP = 10  # that the server has


def main() -> None:
    os.environ.setdefault("DVC_ROOT", str(project_folder(Path.cwd())))
    os.environ.update(QUIET)
    experiment_id = _save_view()
    uri = connection.store_uri()
    if uri.startswith(("http://", "https://")):
        typer.echo(address(without_credentials(uri).rstrip("/"), experiment_id))
        return
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    with suppress(KeyboardInterrupt), serving(uri) as (server, process):
        typer.echo(f"{address(server, experiment_id)}\nCtrl-C stops it.")
        process.wait()


def project_folder(start: Path) -> Path:
    """Return the nearest project's folder at or above `start`, else the one that this program was installed from."""
    for folder in (start, *start.parents, *Path(__file__).resolve().parents):
        if all((folder / name).is_file() for name in PROJECT_FILES):
            return folder
    raise UserError(
        f"{start}: no {' and '.join(PROJECT_FILES)} here or in a folder above. Change to the project's folder."
    )


def chosen_experiment(params: Path) -> str | None:
    """Return `train.experiment` of a params file; none where it names none or cannot be read, so that runs are seen."""
    content = None
    with suppress(UserError):
        content = read_yaml(params)
    train = content.get("train") if isinstance(content, Mapping) else None
    chosen = train.get("experiment") if isinstance(train, Mapping) else None
    return chosen if isinstance(chosen, str) else None


@server_errors_as_user_errors()
def _save_view() -> str:
    """Keep the table's columns in the experiment; return the experiment's id."""
    chosen = chosen_experiment(project_root() / PARAMS)
    client = connection.connect(chosen)
    experiment = client.get_experiment_by_name(experiment_name(chosen))
    assert experiment is not None  # `connect` has made it
    runs_table.save(client, experiment.experiment_id)
    return str(experiment.experiment_id)


def address(server: str, experiment_id: str) -> str:
    """Return where a server shows the runs, with the saved columns and without the pages for language models."""
    shown = f"viewStateShareKey={runs_table.KEY}&workflowType=machine_learning"
    return f"{server}/#/experiments/{experiment_id}/runs?{shown}"


@contextmanager
def serving(uri: str) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Start `mlflow ui` on a store, and yield its address when it answers; end it at the end, or by a signal."""
    port = free_port()
    options = ["--host", HOST, "--port", str(port), "--workers", "1", "--uvicorn-opts", "--log-level warning"]
    command = [sys.executable, "-m", "mlflow", "ui", *options]
    # The store is not in the list of processes: it may have a password.
    environment = {**os.environ, "MLFLOW_BACKEND_STORE_URI": uri}
    if percent_signs.is_needed():
        environment["PYTHONPATH"] = str(percent_signs.STARTUP)
    process = subprocess.Popen(command, env=environment, stdout=sys.__stderr__, start_new_session=True)
    try:
        _wait_for(process, port)
        yield f"http://{HOST}:{port}", process
    finally:
        _end(process)


def free_port() -> int:
    """Return the port that MLFLOW_PORT names, else the first of PORTS that is free. Raises UserError if none is."""
    named = os.environ.get("MLFLOW_PORT", "")
    if named and not named.isdecimal():
        raise UserError(f"MLFLOW_PORT={named}: expected a number, such as 5000")
    wanted = [int(named)] if named else PORTS
    for port in wanted:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server itself: not those just closed
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            return port
    taken = f"port {named} is" if named else f"ports {PORTS[0]} to {PORTS[-1]} are"
    raise UserError(f"{HOST}: {taken} taken. Name one that is free: MLFLOW_PORT=8080 make ui")


def _wait_for(process: subprocess.Popen[bytes], port: int) -> None:
    """Return when the server answers. Raises UserError if it ends before."""
    while process.poll() is None:
        connection = http.client.HTTPConnection(HOST, port, timeout=5)
        try:
            connection.request("GET", "/health")
            if connection.getresponse().status == http.client.OK:
                return
        except OSError:
            time.sleep(0.1)
        finally:
            connection.close()
    raise UserError(f"MLflow ended with status {process.returncode} before it answered; its output is above.")


def _end(process: subprocess.Popen[bytes]) -> None:
    """End the server with all its processes."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, number)
            process.wait(SECONDS_TO_STOP)
        except ProcessLookupError:
            return
        except subprocess.TimeoutExpired:
            continue


if __name__ == "__main__":
    console.run(main)
