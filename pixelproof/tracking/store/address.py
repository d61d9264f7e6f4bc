"""The address of MLflow's store, checked before anything is asked of it."""

import shlex
from importlib.metadata import entry_points
from pathlib import Path
from urllib.parse import urlsplit

from pixelproof.errors import UserError
from pixelproof.tracking.run.credentials import without_credentials
from pixelproof.tracking.store.moved import LOCAL

DRIVERS = {  # of each kind of database: the address with a driver that MLflow works with, and what installs it
    "postgresql": ("postgresql+psycopg2://", "pip install 'pixelproof[team]'"),
    "mysql": ("mysql+pymysql://", "pip install pymysql"),
    "mssql": ("mssql+pyodbc://", "pip install pyodbc"),
}
SERVERS = ("http", "https")
EXAMPLES = (
    "sqlite:////home/me/mlflow.db, http://mlflow.example.org:5000 or postgresql+psycopg2://user:password@host/database"
)


def resolve(uri: str, root: Path) -> str:
    """Return the address, of an SQLite file with its whole path: a relative one begins at `root`, the project's folder.

    Raises UserError for an address at which no runs can be kept, or whose driver is not installed.
    """
    scheme = uri.partition(":")[0].partition("+")[0]
    if scheme == "sqlite":
        return _sqlite(uri, root)
    if scheme == "file" or (":" not in uri and uri != "databricks"):
        raise UserError(_instead_of_folder(uri))
    if scheme in SERVERS and not urlsplit(uri).hostname:
        raise UserError(f"{uri}: this address names no server. Expected one such as http://mlflow.example.org:5000")
    if scheme in DRIVERS:
        _require_driver(uri, *DRIVERS[scheme])
    elif scheme not in (*SERVERS, "databricks", *_plugins()):
        raise UserError(
            f"{without_credentials(uri)}: not the address of an MLflow store. Expected one such as {EXAMPLES}"
        )
    return uri


def _sqlite(uri: str, root: Path) -> str:
    path = uri.removeprefix(LOCAL)
    if path == uri or path in ("", ":memory:"):
        where = "in memory, where no other process finds them" if path in ("", ":memory:", "sqlite://") else "nowhere"
        raise UserError(f"{uri}: would keep runs {where}. Expected sqlite:/// and a path, as sqlite:///mlflow.db")
    return f"{LOCAL}{root / path}"


def _instead_of_folder(uri: str) -> str:
    folder = uri.removeprefix("file://").removeprefix("file:") or "mlruns"
    migration = f"migrate-filestore --source {shlex.quote(folder)} --target sqlite:///runs.db"
    return (
        f"{uri}: MLflow 3.17 keeps no new runs in a folder. Name a database, as sqlite:///mlflow.db, which is used "
        f"where MLFLOW_TRACKING_URI is not set. `.venv/bin/python -m mlflow {migration}` makes one of its runs."
    )


def _require_driver(uri: str, example: str, installation: str) -> None:
    """Raise UserError where nothing installed speaks to the database, or the address is misspelt."""
    import sqlalchemy

    shown = without_credentials(uri)
    try:
        sqlalchemy.make_url(uri).get_dialect().import_dbapi()
    except ImportError as error:
        raise UserError(
            f"{shown}: the driver for this database, {error.name}, is not installed. "
            f"Begin the address with {example} and run `{installation}`."
        ) from None
    except (sqlalchemy.exc.ArgumentError, ValueError) as error:
        raise UserError(f"{shown}: {error}. Expected an address such as {example}user:password@host/database") from None


def _plugins() -> set[str]:
    """Return the schemes of stores that other packages add to MLflow."""
    return {each.name for each in entry_points(group="mlflow.tracking_store")}
