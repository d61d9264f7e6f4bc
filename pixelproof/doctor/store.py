"""MLflow's store: whether it answers, and whether the installed MLflow knows its tables."""

from collections.abc import Iterator
from importlib.metadata import version
from unittest.mock import patch

from pixelproof.doctor.finding import Finding, well, wrong
from pixelproof.doctor.folders import refusal
from pixelproof.errors import UserError
from pixelproof.heavy_imports import no_garbage_collection

NAME = "MLflow"
PATIENCE = {  # with a server; MLflow's own seven attempts take minutes
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "0",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "5",  # seconds
}


def store() -> Iterator[Finding]:
    with no_garbage_collection():
        from pixelproof.tracking.run.credentials import without_credentials
        from pixelproof.tracking.store.connection import store_uri
        from pixelproof.tracking.store.moved import local_database

    try:
        uri = store_uri()
        database = local_database(uri)
        if database is not None and not database.exists():
            yield _not_yet(str(database), refusal(database))
            return
        experiments = _experiments(uri)
    except UserError as refused:
        yield wrong(NAME, str(refused), "")
        return
    shown = without_credentials(uri)
    yield well(NAME, f"{shown} answers, {experiments} experiments; MLflow is {version('mlflow')}{_of_server(uri)}")


def _not_yet(database: str, why: str) -> Finding:
    if why:
        remedy = "Correct that, or name another place in MLFLOW_TRACKING_URI."
        return wrong(NAME, f"{database}: cannot be made: {why}", remedy)
    return well(NAME, f"{database} is made by the first training; MLflow is {version('mlflow')}")


def _experiments(uri: str) -> int:
    """Return the number of experiments in a store that is there. Raises UserError where it refuses."""
    from pixelproof.tracking.store.connection import open_to_read

    with patch.dict("os.environ", PATIENCE):
        from pixelproof.tracking.store.refusals import server_errors_as_user_errors

        client = open_to_read(uri)
        with server_errors_as_user_errors():
            return len(client.search_experiments())


def _of_server(uri: str) -> str:
    """Return the version of a server's MLflow, in words, where it tells."""
    import requests

    if not uri.startswith("http"):
        return ""
    try:
        answer = requests.get(f"{uri.rstrip('/')}/version", timeout=5)
    except requests.RequestException:
        return ""
    return f", the server's is {answer.text.strip()[:20]}" if answer.ok else ""
