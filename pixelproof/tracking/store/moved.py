"""The local MLflow store after its folder was moved or copied: where artifacts are is written anew.

MLflow keeps the absolute address of each run's artifacts; the database and the artifacts lie in the project's folder.
"""

import sqlite3
from contextlib import closing
from pathlib import Path

LOCAL = "sqlite:///"
DATABASE, ARTIFACTS = "mlflow.db", "mlartifacts"
# Every column of MLflow's tables that begins with the address of an artifact.
ADDRESSES = (
    ("runs", "artifact_uri"),
    ("logged_models", "artifact_location"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
    ("experiments", "artifact_location"),  # the last: by it the next start sees whether all is done
)


def local_database(uri: str) -> Path | None:
    """Return the file of a SQLite store; none for any other store."""
    return Path(uri.removeprefix(LOCAL).partition("?")[0]) if uri.startswith(LOCAL) else None


def follow_folder(root: Path) -> int:
    """Let the project's own store find its artifacts below `root`; return how many experiments were elsewhere."""
    if not (root / DATABASE).is_file():
        return 0
    here = (root / ARTIFACTS).as_uri()
    with closing(sqlite3.connect(root / DATABASE, timeout=20)) as database:
        places = [place for place in _places(database) if place != here]
        with database:  # all or nothing
            for place in places:
                for table, column in ADDRESSES:
                    _replace(database, table, column, place, here)
    return len(places)


def _places(database: sqlite3.Connection) -> list[str]:
    """Return where experiments of this project keep artifacts; none before MLflow has made its tables."""
    if not _has(database, "experiments", "artifact_location"):
        return []
    found = database.execute("select distinct artifact_location from experiments").fetchall()
    return [place for (place,) in found if place and place.startswith("file:") and place.endswith(f"/{ARTIFACTS}")]


def _replace(database: sqlite3.Connection, table: str, column: str, old: str, new: str) -> None:
    if _has(database, table, column):
        database.execute(
            f"update {table} set {column} = ? || substr({column}, ?) where substr({column} || '/', 1, ?) = ? || '/'",
            (new, len(old) + 1, len(old) + 1, old),
        )


def _has(database: sqlite3.Connection, table: str, column: str) -> bool:
    return any(row[1] == column for row in database.execute(f"pragma table_info({table})"))
