"""The first use of an SQLite store: MLflow's tables are made beside it, and take its name once they are whole.

MLflow makes them in place, in some sixty steps, and cannot go on where it was stopped in between.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

from pixelproof.errors import UserError
from pixelproof.files import locked, remove, replacing, sync
from pixelproof.tracking.store.moved import local_database


def make_database(uri: str) -> None:
    """See that an SQLite store has MLflow's tables; whoever comes at the same time waits. Other stores are left alone.

    Raises UserError where MLflow was stopped while it made them by itself.
    """
    path = local_database(uri)
    if path is None or not path.parent.is_dir():
        return
    with locked(path.parent):
        if not path.exists() or path.stat().st_size == 0:
            _make(path)
        elif _is_half_made(path):
            raise UserError(
                f"{path}: MLflow was stopped while it made this database, and cannot go on with it. "
                f"There are no runs in it: remove it (`rm {path}`) and start again."
            )


def _make(path: Path) -> None:
    import sqlalchemy
    from mlflow.store.db import utils  # seconds, so only where they are needed

    with replacing(path) as beside:
        remove(beside.with_name(f"{beside.name}-journal"))  # of a database that a kill left half-made
        engine = sqlalchemy.create_engine(sqlalchemy.URL.create("sqlite", database=str(beside)))
        # One wait for the disk at the end, instead of one for each step: a third of the time.
        sqlalchemy.event.listen(engine, "connect", lambda made, _: made.execute("pragma synchronous = off"))
        utils._initialize_tables(engine)  # type: ignore[no-untyped-call]
        engine.dispose()
        sync(beside)


def _is_half_made(path: Path) -> bool:
    """Tell whether MLflow began tables and did not come to the first experiment, which it makes right after them."""
    try:
        with closing(sqlite3.connect(path, timeout=20)) as database:
            tables = {name for (name,) in database.execute("select name from sqlite_master where type = 'table'")}
            if "experiments" not in tables or database.execute("select 1 from experiments").fetchone():
                return False
            versions = "select version_num from alembic_version"
            version = database.execute(versions).fetchone() if "alembic_version" in tables else None
    except sqlite3.Error:  # another's, damaged, or busy: MLflow says so
        return False
    from mlflow.store.db import utils

    return version is None or version[0] != utils._get_latest_schema_revision()  # type: ignore[no-untyped-call]
