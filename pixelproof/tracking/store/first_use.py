"""The first use of an SQLite store: MLflow's tables are made beside it, and take its name once they are whole.

MLflow makes them in place, in some sixty steps, and cannot go on where it was stopped in between.
"""

import shlex
import sqlite3
from contextlib import closing
from errno import ENOSPC
from pathlib import Path

from pixelproof.errors import UserError
from pixelproof.files import locked, remove, replacing, sync
from pixelproof.tracking.store.databases import WAIT, UnreachableError, other_schema
from pixelproof.tracking.store.moved import local_database


def make_database(uri: str) -> None:
    """See that an SQLite store has MLflow's tables; whoever comes at the same time waits. Other stores are left alone.

    Raises UserError where MLflow was stopped while it made them by itself, or no database can be made there.
    """
    path = local_database(uri)
    if path is None:
        return
    try:
        _make_or_check(path)
    except OSError as error:
        kind = UnreachableError if error.errno == ENOSPC else UserError
        raise kind(
            f"{path}: MLflow's database cannot be made here: {error.strerror} ({error.filename or path.parent}). "
            "Correct that, or name another place in MLFLOW_TRACKING_URI."
        ) from error


def _make_or_check(path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with locked(path.parent):
        if not path.exists() or path.stat().st_size == 0:
            _make(path)
        elif _is_half_made(path):
            raise UserError(
                f"{path}: MLflow was stopped while it made this database, and cannot go on with it. "
                f"There are no runs in it: remove it (`rm {shlex.quote(str(path))}`) and start again."
            )


def _make(path: Path) -> None:
    import sqlalchemy
    from mlflow.store.db import utils  # seconds, so only where they are needed

    with replacing(path) as beside:
        remove(beside.with_name(f"{beside.name}-journal"))  # of a database that a kill left half-made
        engine = sqlalchemy.create_engine(sqlalchemy.URL.create("sqlite", database=str(beside)))
        # One wait for the disk at the end, instead of one for each step: a third of the time.
        sqlalchemy.event.listen(engine, "connect", lambda made, _: made.execute("pragma synchronous = off"))
        utils._initialize_tables(engine)  # type: ignore[no-untyped-call]  # MLflow gives it no types
        engine.dispose()
        sync(beside)


def check_version(uri: str) -> None:
    """Raise UserError for an SQLite store with tables of another MLflow: older ones would be changed without a copy."""
    path = local_database(uri)
    version, has_experiment = _tables(path) if path and path.exists() else (None, False)
    if version is not None and has_experiment and version != _current_version():
        raise UserError(f"{path}: {other_schema(version, uri)}")


def _is_half_made(path: Path) -> bool:
    """Tell whether MLflow began tables and did not come to the first experiment, which it makes right after them."""
    version, has_experiment = _tables(path)
    return version is not None and not has_experiment and version != _current_version()


def _current_version() -> str:
    from mlflow.store.db import utils

    return str(utils._get_latest_schema_revision())  # type: ignore[no-untyped-call]  # MLflow gives it no types


def _tables(path: Path) -> tuple[str | None, bool]:
    """Return the version of MLflow's tables, empty where they have none yet, and whether there is an experiment.

    None where there are no such tables, or they cannot be read: then MLflow makes them, or says why not.
    """
    try:
        with closing(sqlite3.connect(path, timeout=WAIT)) as database:
            tables = {name for (name,) in database.execute("select name from sqlite_master where type = 'table'")}
            if "experiments" not in tables:
                return None, False
            has_experiment = database.execute("select 1 from experiments").fetchone() is not None
            versions = "select version_num from alembic_version"
            version = database.execute(versions).fetchone() if "alembic_version" in tables else None
    except sqlite3.Error:
        return None, False
    return version[0] if version else "", has_experiment
