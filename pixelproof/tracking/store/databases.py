"""What a database says when MLflow cannot use it, as one message for a person. SQLAlchemy is not loaded."""

import logging
import re
import shlex
import sqlite3
from collections.abc import Iterator
from contextlib import closing

from pixelproof.errors import UserError
from pixelproof.tracking.store.moved import local_database

WAIT = 10  # seconds that another program has to let go of a database, as a server has for an answer


class UnreachableError(UserError):
    """The store does not answer, or it is not able to at the moment; nothing is wrong with what it was asked."""


AWAY = {  # by how the name of SQLite's error begins; a training run goes on meanwhile
    "SQLITE_BUSY": "another program writes to this database and does not let go of it. End that program, or wait.",
    "SQLITE_LOCKED": "another program writes to this database and does not let go of it. End that program, or wait.",
    "SQLITE_FULL": "the disk of this database is full. Make room there.",
    "SQLITE_IOERR": "the disk of this database cannot be read or written. Is it still mounted, and has it room?",
}
REFUSED = {
    "SQLITE_READONLY": "this database may only be read. Give yourself the right to write to it and to its folder.",
    "SQLITE_CANTOPEN": "this database cannot be opened or made. Is it a file, and are you allowed to use its folder?",
    "SQLITE_NOTADB": "this file is not an SQLite database, or it is damaged. ",
    "SQLITE_CORRUPT": "this database is damaged. ",
}
RESCUE = "Move it away; `pixelproof sync` then makes a new one of all runs that Git and DVC keep."
SCHEMA = re.compile(r"(?:out-of-date database schema \(found version |Can't locate revision identified by ')(\w+)")


def probe(uri: str, *, write: bool = True) -> None:
    """Ask an SQLite database whether it can be read and written, before MLflow does, which takes minutes to give up.

    Raises sqlite3.Error. Other stores, and one that is not there yet, are left alone.
    """
    logging.getLogger("mlflow.store.db.utils").setLevel(logging.CRITICAL)  # its tracebacks; the error says the same
    path = local_database(uri)
    if path is None or not path.exists():
        return
    with closing(sqlite3.connect(path, timeout=WAIT, isolation_level=None)) as database:
        database.execute("begin immediate" if write else "begin")
        database.execute("select count(*) from sqlite_master").fetchone()
        database.execute("rollback")


def database_error(error: BaseException, address: str) -> UserError | None:
    """Return what to tell a person about an error of a database; None for an error of another kind."""
    for cause in _causes(error):
        if isinstance(cause, sqlite3.Error):
            return _of_sqlite(cause, address)
        if type(cause).__module__.startswith("sqlalchemy."):
            return _of_another(cause, address)
        if found := SCHEMA.search(str(cause)):
            return UserError(f"{address}: {other_schema(found[1], address)}")
    return None


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield what an error was raised by, the first cause first."""
    if error is None:
        return
    yield from _causes(error.__cause__ or error.__context__)
    original = getattr(error, "orig", None)  # the driver's error in SQLAlchemy's
    if isinstance(original, BaseException):
        yield original
    yield error


def _of_sqlite(error: sqlite3.Error, address: str) -> UserError:
    name = getattr(error, "sqlite_errorname", "")
    for begins, words in AWAY.items():
        if name.startswith(begins):
            return UnreachableError(f"{address}: {words}")
    for begins, words in REFUSED.items():
        if name.startswith(begins):
            return UserError(f"{address}: {words}{RESCUE if words.endswith(' ') else ''}")
    return UserError(f"{address}: {error}. MLflow cannot work with this database. {RESCUE}")


def _of_another(error: BaseException, address: str) -> UserError:
    """Explain an error of a database server: one that refuses a user, or one that does not answer."""
    words = str(getattr(error, "orig", None) or error).strip().split("\n")[0]
    if "authentication failed" in words or "Access denied" in words:
        return UserError(f"{address}: {words}. Correct user and password in MLFLOW_TRACKING_URI.")
    kind = UnreachableError if type(error).__name__ in ("OperationalError", "InterfaceError") else UserError
    return kind(f"{address}: {words}. Start the database, or correct MLFLOW_TRACKING_URI.")


def other_schema(found: str, address: str) -> str:
    """Say what to do about MLflow's tables of another version."""
    if found and not _is_known(found):
        return (
            f"a newer MLflow has changed the tables of this database (version {found}). Install that MLflow, or name "
            "another database in MLFLOW_TRACKING_URI."
        )
    return (
        "an older MLflow made the tables of this database. Make a copy of it, then bring it up to date: "
        f"`.venv/bin/python -m mlflow db upgrade {shlex.quote(address)}`"
    )


def _is_known(version: str) -> bool:
    """Tell whether the installed MLflow knows a version of its tables, which is then an older one."""
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError
    from mlflow.store.db import utils

    scripts = ScriptDirectory.from_config(utils._get_alembic_config(""))  # type: ignore[no-untyped-call]  # MLflow gives it no types
    try:
        return scripts.get_revision(version) is not None
    except CommandError:
        return False
