import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.git import git

VARIABLES = ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME", "MLFLOW_EXPERIMENT_ID", "MLFLOW_RUN_ID", "DVC_ROOT")


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty Git repository, which is the working folder."""
    monkeypatch.chdir(tmp_path)
    git("init", "--quiet")
    return tmp_path


@pytest.fixture
def mlflow_alone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """MLflow without any setting of this machine's; whatever it keeps for its process is as it was, after each test."""
    for variable in VARIABLES:
        monkeypatch.setenv(variable, "")  # recorded, so that what MLflow sets is taken back
        monkeypatch.delenv(variable)
    import mlflow

    yield mlflow
    mlflow.set_tracking_uri(None)  # None takes it back


@pytest.fixture(scope="session")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store without a run: MLflow takes five seconds to make its tables, and a copy of them none."""
    from mlflow.tracking import MlflowClient

    path = tmp_path_factory.mktemp("store") / "mlflow.db"
    MlflowClient(f"sqlite:///{path}").search_experiments()
    return path


@pytest.fixture
def new_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mlflow_alone: Any) -> Path:
    """A project's folder with a space in its name, told by DVC_ROOT, while the program runs elsewhere."""
    folder, elsewhere = tmp_path / "my project", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    monkeypatch.setenv("DVC_ROOT", str(folder))
    monkeypatch.chdir(elsewhere)
    return folder


@pytest.fixture
def root(new_root: Path, empty_database: Path) -> Path:
    """The same with a store in it that has no run."""
    shutil.copy(empty_database, new_root)
    return new_root
