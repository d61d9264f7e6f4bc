"""Which addresses of a store are taken, and what is said of the others."""

from pathlib import Path
from typing import Any

import pytest

from pixelproof.errors import UserError

pytestmark = pytest.mark.slow  # MLflow takes four seconds to load


@pytest.fixture
def resolve(mlflow_alone: Any) -> Any:
    """The function under test."""
    from pixelproof.tracking.store.address import resolve

    return resolve


@pytest.mark.parametrize(
    ("given", "whole"),
    [
        ("sqlite:///other.db", "sqlite:////home/me/project/other.db"),
        ("sqlite:///stores/other.db", "sqlite:////home/me/project/stores/other.db"),
        ("sqlite:////tmp/other.db", "sqlite:////tmp/other.db"),
        ("http://127.0.0.1:5000", "http://127.0.0.1:5000"),
        ("https://ada:secret@mlflow.example.org/team", "https://ada:secret@mlflow.example.org/team"),
        ("postgresql+psycopg2://host/database", "postgresql+psycopg2://host/database"),
        ("postgresql+psycopg2:///mlflow", "postgresql+psycopg2:///mlflow"),
        ("databricks", "databricks"),
        ("databricks://profile", "databricks://profile"),
    ],
)
def test_a_relative_file_is_relative_to_the_project(resolve: Any, given: str, whole: str) -> None:
    """Else MLflow would end in a traceback, or look for the file below each working folder."""
    assert resolve(given, Path("/home/me/project")) == whole


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ("file:./mlruns", r"keeps no new runs in a folder.*migrate-filestore --source ./mlruns --target sqlite:///"),
        ("file:///home/me/mlruns", "--source /home/me/mlruns "),
        ("./mlruns", "keeps no new runs in a folder"),
        ("/home/me/mlruns", "keeps no new runs in a folder"),
        ("sqlite://", "in memory"),
        ("sqlite:///:memory:", "in memory"),
        ("sqlite:mlflow.db", "Expected sqlite:/// and a path"),
        ("http://", "names no server"),
        ("htp://ada:secret@mlflow.example.org", "^htp://ada@mlflow.example.org: not the address of an MLflow store"),
        ("postgres://ada:secret@host/database", "Expected one such as .*postgresql\\+psycopg2://"),
        (
            "mysql://ada:secret@host/database",
            r"^mysql://ada@host/database: .*MySQLdb, is not installed.*pip install pymysql",
        ),
        ("postgresql+nobody://ada:secret@host/database", "Expected an address such as postgresql\\+psycopg2://"),
    ],
)
def test_an_address_that_keeps_no_runs_is_one_message(resolve: Any, given: str, says: str) -> None:
    """Else a training would end in a traceback of MLflow's or SQLAlchemy's, or its runs would be lost with it."""
    with pytest.raises(UserError, match=says) as refusal:
        resolve(given, Path("/home/me/project"))
    assert "secret" not in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_the_folder_in_the_message_can_be_taken_along(tmp_path: Path, resolve: Any) -> None:
    """Else the remedy for runs in a folder would be a command that MLflow does not know."""
    from mlflow.store.fs2db.cli import migrate_filestore

    assert {option.name for option in migrate_filestore.params} >= {"source", "target"}
