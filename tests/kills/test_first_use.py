"""The first use of MLflow's database: killed in between, begun by two at once, and what a kill had left before."""

import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from tests.support.borders import HOOK, KILLED
from tests.support.environment import environment
from tests.support.imports import ROOT

pytestmark = pytest.mark.slow

CONNECT = """
from pixelproof import console
from pixelproof.tracking.store.connection import connect
console.run(lambda: print(sorted(experiment.name for experiment in connect().search_experiments())))
"""
MLFLOW_ALONE = """
from mlflow import MlflowClient
MlflowClient("sqlite:///mlflow.db").search_experiments()
"""
BORDERS = pytest.mark.parametrize(
    "border",
    [
        "'mlflow.store.db.utils:_upgrade_db', 'kill before'",
        "'alembic.ddl.impl:DefaultImpl.add_column', 'kill after', 3",
    ],
    ids=["first tables", "midway"],
)


def start(root: Path, script: str, border: str = "") -> "subprocess.Popen[str]":
    """Run a script in `root`, the project's folder; it kills itself at the border."""
    hook = f"import sys; sys.path.append({str(HOOK)!r}); from sitecustomize import set_border; set_border({border})"
    return subprocess.Popen(
        [sys.executable, "-c", f"{hook if border else ''}\n{script}"],
        cwd=root,
        env=environment() | {"DVC_ROOT": str(root), "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def told(process: "subprocess.Popen[str]") -> str:
    said, complaints = process.communicate()
    assert process.returncode == 0, complaints
    return said.strip()


@BORDERS
def test_a_kill_at_the_first_use_leaves_nothing_in_the_way(border: str, tmp_path: Path) -> None:
    """Else every later run would die with "table ... already exists"."""
    killed = start(tmp_path, CONNECT, border)
    killed.communicate()
    assert killed.returncode == KILLED
    assert (tmp_path / ".mlflow.db.partial").exists(), "it was in the middle of it"
    assert told(start(tmp_path, CONNECT)) == "['Default', 'pixelproof']"
    assert [path.name for path in tmp_path.iterdir()] == ["mlflow.db"]


def test_two_at_once_make_one_database(tmp_path: Path) -> None:
    """Else two trainings that are begun together would make the same tables."""
    both = [start(tmp_path, CONNECT) for _ in range(2)]
    assert [told(process) for process in both] == ["['Default', 'pixelproof']"] * 2


@BORDERS
def test_what_mlflow_alone_left_half_made_is_named_with_its_remedy(border: str, tmp_path: Path) -> None:
    """Else whoever was killed by an earlier version, or in `mlflow ui`, would get tracebacks until they guess."""
    killed = start(tmp_path, MLFLOW_ALONE, border)
    killed.communicate()
    assert killed.returncode == KILLED
    refused = start(tmp_path, CONNECT)
    complaints = refused.communicate()[1]
    database = tmp_path / "mlflow.db"
    assert complaints == (
        f"error: {database}: MLflow was stopped while it made this database, and cannot go on with it. "
        f"There are no runs in it: remove it (`rm {database}`) and start again.\n"
    )
    assert refused.returncode == 1
    database.unlink()
    assert told(start(tmp_path, CONNECT)) == "['Default', 'pixelproof']"


def test_a_database_with_content_is_never_called_half_made(tmp_path: Path) -> None:
    """Else a person would be told to delete runs, or tables of another program."""
    from pixelproof.tracking.store.first_use import make_database

    database = tmp_path / "mlflow.db"
    told(start(tmp_path, CONNECT))
    with closing(sqlite3.connect(database)) as opened, opened:
        opened.execute("update alembic_version set version_num = 'older'")
    before = database.read_bytes()
    make_database(f"sqlite:///{database}")
    assert database.read_bytes() == before
    with closing(sqlite3.connect(tmp_path / "other.db")) as opened, opened:
        opened.execute("create table mine (words text)")
    make_database(f"sqlite:///{tmp_path / 'other.db'}")
    (tmp_path / "text.db").write_text("no database")
    make_database(f"sqlite:///{tmp_path / 'text.db'}")
    assert (tmp_path / "text.db").read_text() == "no database"
