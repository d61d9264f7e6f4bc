"""Where runs are kept, and under what names."""

from pathlib import Path
from typing import Any

import pytest

from pixelproof.params.cnn import Cnn
from pixelproof.params.train import EarlyStopping, Train
from pixelproof.tracking.run.naming import experiment_name
from pixelproof.tracking.run.record import flatten

pytestmark = pytest.mark.slow  # MLflow takes four seconds to load


@pytest.fixture
def connection(mlflow_alone: Any) -> Any:
    """The module under test."""
    from pixelproof.tracking.store import connection

    return connection


def a_run(connection: Any, experiment: str | None = None) -> Any:
    client = connection.connect(experiment)
    found = client.get_experiment_by_name(experiment_name(experiment))
    return client.create_run(found.experiment_id)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_runs_are_kept_in_the_projects_folder_whatever_the_working_folder(new_root: Path, connection: Any) -> None:
    """Else `dvc exp run --temp` would lose them with its temporary folder."""
    connection.connect().log_text(a_run(connection).info.run_id, "words", "note.txt")
    assert files(new_root) == ["mlartifacts", "mlflow.db"]
    assert [path.read_text() for path in new_root.rglob("note.txt")] == ["words"]
    assert files(Path.cwd()) == []


def test_a_process_connects_once(root: Path, connection: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else each stage would look for the experiment, and for a folder that was moved, with every addition to a run."""
    client = connection.connect()
    assert connection.connect() is client
    (root / "mlflow.db").rename(root / "team.db")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{root / 'team.db'}")
    assert connection.connect() is not client


def test_garbage_is_collected_again_after_connecting(root: Path, connection: Any) -> None:
    """Else a training would keep whatever its epochs leave behind."""
    import gc

    connection.connect()
    assert gc.isenabled()


def test_without_dvc_the_working_folder_is_the_projects(
    connection: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a stage that is run by hand would log somewhere else."""
    monkeypatch.chdir(tmp_path)
    assert connection.store_uri() == f"sqlite:///{tmp_path / 'mlflow.db'}"


def test_the_environments_tracking_uri_is_used(root: Path, connection: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a team's server would get no runs."""
    (root / "mlflow.db").rename(root / "team.db")
    monkeypatch.setenv("MLFLOW_TRACKING_URI", f"sqlite:///{root / 'team.db'}")
    a_run(connection)
    assert files(root) == ["team.db"]


def test_the_experiment_is_the_environments_else_that_of_the_params(
    root: Path, connection: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else all work of a server would land in one experiment, or one person could not set the work apart."""
    assert experiment(connection, a_run(connection)) == "pixelproof"
    assert experiment(connection, a_run(connection, "dogs")) == "dogs"
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "cats")
    assert experiment(connection, a_run(connection, "dogs")) == "cats"


def experiment(connection: Any, run: Any) -> str:
    return str(connection.connect().get_experiment(run.info.experiment_id).name)


def test_params_are_flattened_as_dvc_names_them(connection: Any) -> None:
    """Else `mlflow ui` could not show `cnn.layers.conv1.filters  10 -> 32`."""
    train = Train(epochs=3, batch_size=8, early_stopping=EarlyStopping(monitor="valid_loss", patience_epochs=2))
    assert flatten({"seed": 7, "train": train, "cnn": {"layers": {"conv1": {"kernel": [3, 5]}}}}) == {
        "seed": 7,
        "train.epochs": 3,
        "train.batch_size": 8,
        "train.early_stopping.monitor": "valid_loss",
        "train.early_stopping.patience_epochs": 2,
        "cnn.layers.conv1.kernel": [3, 5],
    }


def test_what_is_left_out_of_params_is_left_out_of_the_run(connection: Any) -> None:
    """Else `None` would stand where a feature is off, and differ from a run before the feature was there."""
    assert flatten({"train": Train(epochs=3, batch_size=8)}) == {"train.epochs": 3, "train.batch_size": 8}
    assert flatten({}) == {}


def test_the_recipe_is_flattened_and_what_is_off_is_left_out(connection: Any) -> None:
    """Else two runs could not be told apart by what made the difference."""
    content = {
        "layers": {"flatten": {"kind": "flatten"}},
        "head": "softmax",
        "learning_rate": 0.01,
        "optimizer": {"kind": "sgd", "momentum": 0.9},
        "schedule": {"kind": "cosine", "warmup_epochs": 5},
        "mixup": {"alpha": 0.2},
        "average_weights": 0.995,
    }
    assert flatten({"cnn": dict(Cnn.model_validate(content))}) == {
        "cnn.layers.flatten.kind": "flatten",
        "cnn.head": "softmax",
        "cnn.learning_rate": 0.01,
        "cnn.optimizer.kind": "sgd",
        "cnn.optimizer.momentum": 0.9,
        "cnn.optimizer.nesterov": False,
        "cnn.schedule.kind": "cosine",
        "cnn.schedule.warmup_epochs": 5,
        "cnn.schedule.final_share": 0.0,
        "cnn.mixup.alpha": 0.2,
        "cnn.average_weights": 0.995,
    }


def test_layers_inside_blocks_and_a_head_of_layers_are_flattened_too(connection: Any) -> None:
    """Else a block would be one long text in MLflow, and a backbone that is not there would be logged as None."""
    pool = {"kind": "max_pool", "size": 2}
    content = {
        "layers": {"b1": {"kind": "block", "repeat": 3, "layers": {"pool": pool}}},
        "head": {"kind": "softmax", "hidden": 8},
        "learning_rate": 0.01,
    }
    assert flatten({"cnn": dict(Cnn.model_validate(content))}) == {
        "cnn.layers.b1.kind": "block",
        "cnn.layers.b1.layers.pool.kind": "max_pool",
        "cnn.layers.b1.layers.pool.size": 2,
        "cnn.layers.b1.layers.pool.padding": "valid",
        "cnn.layers.b1.repeat": 3,
        "cnn.head.kind": "softmax",
        "cnn.head.hidden": 8,
        "cnn.head.activation": "relu",
        "cnn.learning_rate": 0.01,
    }
