"""What a person reads when a database on this machine cannot be used: real databases, each spoilt in one way."""

import shlex
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from pixelproof.errors import UserError
from pixelproof.tracking.run.record import write_record
from tests.support.runs import a_record

pytestmark = pytest.mark.slow  # MLflow takes four seconds to load


def read_only(path: Path) -> None:
    """Give the file a format that SQLite may only read; its permissions would not keep root out."""
    content = bytearray(path.read_bytes())
    content[18] = 3  # sqlite.org/fileformat.html#file_format_version_numbers
    path.write_bytes(content)


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def not_a_database(path: Path) -> None:
    path.write_bytes(b"words" * 1000)


def damaged(path: Path) -> None:
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))


def older(path: Path) -> None:
    """Make the tables that MLflow made before the last ten changes of them, with an experiment."""
    import sqlalchemy
    from alembic import command
    from alembic.script import ScriptDirectory
    from mlflow.store.db import utils

    path.unlink()
    engine = sqlalchemy.create_engine(sqlalchemy.URL.create("sqlite", database=str(path)))
    utils.InitialBase.metadata.create_all(engine)
    engine.dispose()
    settings = utils._get_alembic_config(f"sqlite:///{path}")
    command.upgrade(settings, [*ScriptDirectory.from_config(settings).walk_revisions()][10].revision)
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("insert into experiments (experiment_id, name, lifecycle_stage) values (0, 'x', 'active')")


def newer(path: Path) -> None:
    version(path, "f" * 12)


def version(path: Path, name: str) -> None:
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("update alembic_version set version_num = ?", (name,))


def without_experiment(path: Path) -> None:
    """Delete the experiment, as a person does in MLflow."""
    from mlflow.tracking import MlflowClient

    client = MlflowClient(f"sqlite:///{path}")
    client.delete_experiment(client.create_experiment("pixelproof"))


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Be another program that writes to the database."""
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("begin exclusive")
        yield


SPOILT: dict[Callable[[Path], None], str] = {
    read_only: "may only be read. Give yourself the right",
    folder: "cannot be opened or made. Is it a file",
    not_a_database: "not an SQLite database, or it is damaged. Move it away; `pixelproof sync` then makes a new one",
    damaged: "this database is damaged. Move it away",
    older: r"an older MLflow made the tables.*-m mlflow db upgrade \S*sqlite:////.+/mlflow.db'?`",
    newer: "a newer MLflow has changed the tables",
    without_experiment: r"'pixelproof' was deleted in MLflow.*mlflow experiments restore --experiment-id 1`\)",
}
READS = [spoilt for spoilt in SPOILT if spoilt not in (read_only, without_experiment)]


@pytest.fixture
def database(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    from pixelproof.tracking.store import databases

    monkeypatch.setattr(databases, "WAIT", 0.1)
    return root / "mlflow.db"


def refusal(work: Callable[[], object]) -> str:
    with pytest.raises(UserError) as refused:
        work()
    assert "\n" not in str(refused.value)
    return str(refused.value)


def connect() -> None:
    from pixelproof.tracking.store.connection import connect

    connect()


def show_table() -> None:
    from pixelproof.tracking.store.view import _save_view

    _save_view()


def deliver_all() -> None:
    from pixelproof.tracking.history.sync import sync

    write_record(a_record(), Path("models/mlp"))
    list(sync())


def look_for_a_run() -> None:
    from pixelproof.tracking.history.lineage import find_run, open_store

    find_run(open_store(), "a" * 32)


@pytest.mark.parametrize("work", [connect, show_table, deliver_all])
@pytest.mark.parametrize("spoil", SPOILT)
def test_a_database_that_cannot_be_used_is_one_message(
    spoil: Callable[[Path], None], work: Callable[[], None], database: Path, repository_here: None
) -> None:
    """Else a training, `make ui` or `sync` would end in a traceback, or after minutes of attempts."""
    spoil(database)
    with pytest.raises(UserError, match=SPOILT[spoil]) as refused:
        work()
    assert str(database) in str(refused.value)
    assert "\n" not in str(refused.value)


@pytest.fixture
def repository_here(database: Path) -> None:
    """The working folder is a Git repository, in which `sync` looks for runs."""
    from tests.support.git import git

    git("init", "--quiet")


@pytest.mark.parametrize("spoil", READS)
def test_where_says_the_same(spoil: Callable[[Path], None], database: Path) -> None:
    """Else who only looks for a run would read a traceback."""
    spoil(database)
    assert str(database) in refusal(look_for_a_run)


@pytest.mark.parametrize("spoil", [read_only, without_experiment])
def test_what_may_be_read_is_read(spoil: Callable[[Path], None], database: Path) -> None:
    """Else a colleague's database, or the runs of a deleted experiment, could not be looked at."""
    spoil(database)
    assert "there is no such run" in refusal(look_for_a_run)


@pytest.mark.parametrize("work", [connect, show_table, look_for_a_run])
def test_a_database_that_another_program_writes_to_is_away(database: Path, work: Callable[[], None]) -> None:
    """Else it would be called a mistake of the user's, or MLflow's retries would take two minutes."""
    from pixelproof.tracking.store.databases import UnreachableError

    with held(database), pytest.raises(UnreachableError, match="another program writes to this database"):
        work()


def test_one_that_is_free_again_is_used(database: Path) -> None:
    """Else whoever was refused once would have to start anew."""
    with held(database):
        refusal(connect)
    connect()


def test_the_upgrade_that_is_named_helps(database: Path) -> None:
    """Else the remedy of an older database would be a command that MLflow does not know."""
    from click.testing import CliRunner
    from mlflow.cli import cli

    older(database)
    command = shlex.split(refusal(connect).rpartition("-m mlflow ")[2].removesuffix("`"))
    assert CliRunner().invoke(cli, command).exit_code == 0
    connect()


def test_the_restoration_that_is_named_helps(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the remedy of a deleted experiment would be a command that MLflow does not know."""
    from click.testing import CliRunner
    from mlflow.cli import cli

    without_experiment(database)
    words = shlex.split(refusal(connect).partition("`")[2].partition("`")[0])
    variable, uri = words[0].split("=")
    monkeypatch.setenv(variable, uri)
    assert CliRunner().invoke(cli, words[words.index("mlflow") + 1 :]).exit_code == 0
    connect()


@pytest.mark.parametrize("place", ["file/mlflow.db", "/proc/none/mlflow.db"])
def test_a_place_where_no_folder_can_be_is_named(place: str, database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a misspelt folder would end in a traceback."""
    (database.parent / "file").write_text("words", encoding="utf-8")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{place}")
    assert "MLflow's database cannot be made here" in refusal(connect)


def test_a_full_disk_is_no_mistake(database: Path) -> None:
    """A training run goes on meanwhile, as with a server that is down."""
    from pixelproof.tracking.store.databases import UnreachableError, database_error

    with closing(sqlite3.connect(database, isolation_level=None)) as full:
        pages = full.execute("pragma page_count").fetchone()[0]
        full.execute(f"pragma max_page_count = {pages}")
        with pytest.raises(sqlite3.OperationalError) as error:
            full.execute("create table more as select zeroblob(100000)")
    assert isinstance(explained := database_error(error.value, "sqlite:///x"), UnreachableError)
    assert str(explained) == "sqlite:///x: the disk of this database is full. Make room there."


def test_a_database_server_is_told_from_a_wrong_password(mlflow_alone: Any) -> None:
    """Else a training would go on for a night towards a database that never takes its logs."""
    from sqlalchemy.exc import OperationalError

    from pixelproof.tracking.store.databases import UnreachableError, database_error

    down = OperationalError("select 1", {}, Exception('connection to server at "db" failed: Connection refused'))
    wrong = OperationalError("select 1", {}, Exception('FATAL: password authentication failed for user "ada"'))
    assert isinstance(database_error(down, "postgresql://db"), UnreachableError)
    refused = database_error(wrong, "postgresql://db")
    assert not isinstance(refused, UnreachableError)
    assert "Correct user and password" in str(refused)


def test_another_error_is_none_of_a_database(mlflow_alone: Any) -> None:
    """Else a defect of this program would be called a broken database."""
    from pixelproof.tracking.store.databases import database_error

    assert database_error(KeyError("x"), "sqlite:///x") is None


def test_a_copy_of_this_projects_database_elsewhere_stays_as_it_is(database: Path, tmp_path: Path) -> None:
    """Else a broken mlflow.db in the folder would stop those who log to a server."""
    from pixelproof.tracking.store.connection import connect

    shutil.copy(database, tmp_path / "team.db")
    not_a_database(database)
    connect(uri=f"sqlite:///{tmp_path / 'team.db'}")
