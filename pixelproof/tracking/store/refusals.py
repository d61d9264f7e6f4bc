"""What MLflow's store says when it refuses, or does not answer, as one message for a person."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import mlflow
import requests
from mlflow.exceptions import MlflowException

from pixelproof.errors import UserError
from pixelproof.tracking.run.credentials import without_credentials
from pixelproof.tracking.store.databases import UnreachableError, database_error

NO_ANSWER = "no MLflow server answers. Start it, correct MLFLOW_TRACKING_URI, or unset it to log to mlflow.db."
SILENCE = (requests.ConnectionError, requests.Timeout, requests.exceptions.RetryError)
GATEWAYS = (502, 503, 504)


@contextmanager
def server_errors_as_user_errors() -> Iterator[None]:
    """Raise a UserError where a server or a database refuses or cannot be reached; MLflow's other errors pass.

    UnreachableError is raised where it may be able to later.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        address = without_credentials(mlflow.get_tracking_uri())
        explained = database_error(error, address) or _server_error(error, address)
        if explained is None:
            raise
        raise explained from error


def _server_error(error: Exception, address: str) -> UserError | None:
    if not isinstance(error, MlflowException):
        return None
    if _is_unreachable(error):
        return UnreachableError(f"{address}: {NO_ANSWER}")
    remedy = _remedy(error)
    return UserError(f"{address}: {remedy}") if remedy else None


def _is_unreachable(error: MlflowException) -> bool:
    """Tell whether the server, or a gateway before it, did not answer in time or is not able to."""
    return isinstance(error.__context__, SILENCE) or _status(error) in GATEWAYS


def _status(error: MlflowException) -> int:
    status: int = error.get_http_status_code()  # type: ignore[no-untyped-call]  # MLflow gives it no types
    return status


def _remedy(error: MlflowException) -> str | None:
    text, status = str(error), _status(error)
    user = os.environ.get("MLFLOW_TRACKING_USERNAME")
    named = f"MLFLOW_TRACKING_USERNAME={user}" if user else "MLFLOW_TRACKING_USERNAME is not set"
    if status == 401:
        return f"MLflow asks for a name and a password that it knows ({named}). Set it and MLFLOW_TRACKING_PASSWORD."
    if "Invalid Host header" in text:
        return "MLflow does not answer to this name. Use one of MLFLOW_HOSTS (deploy/.env of the server), or add it."
    if status == 403:
        return f"MLflow does not let this user do that ({named}). Whoever runs the server can permit it: docs/team.md."
    return None
