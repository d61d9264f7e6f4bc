import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from imports import ROOT
from matplotlib.figure import Figure

from pixelproof.params.network import Cnn
from pixelproof.params.training import EarlyStopping, Train

pytestmark = pytest.mark.slow  # MLflow takes four seconds to load, Keras ten

VARIABLES = ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME", "MLFLOW_EXPERIMENT_ID", "MLFLOW_RUN_ID", "DVC_ROOT")


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The module under test; whatever MLflow keeps for its process is as it was, after each test."""
    for variable in VARIABLES:
        monkeypatch.setenv(variable, "")  # recorded, so that what MLflow sets is taken back
        monkeypatch.delenv(variable)
    import mlflow

    from pixelproof.tracking import runs

    yield runs
    while mlflow.active_run() is not None:
        mlflow.end_run()
    mlflow.set_tracking_uri(None)  # type: ignore[arg-type]  # None takes it back


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, runs: Any) -> Path:
    """A project's folder with a space in its name, told by DVC_ROOT, while the program runs elsewhere."""
    folder, elsewhere = tmp_path / "my project", tmp_path / "elsewhere"
    folder.mkdir()
    elsewhere.mkdir()
    monkeypatch.setenv("DVC_ROOT", str(folder))
    monkeypatch.chdir(elsewhere)
    return folder


def finished(runs: Any, name: str = "cnn", params: Mapping[str, Any] | None = None) -> Any:
    """Open and end a run; return it as MLflow has it."""
    with runs.open_run(name, {"model": name}) as run_id:
        runs.log_params(params or {})
    return runs.connect().get_run(run_id)


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_runs_are_kept_in_the_projects_folder_whatever_the_working_folder(root: Path, runs: Any) -> None:
    """Else `dvc exp run --temp` would lose them with its temporary folder."""
    with runs.open_run("cnn", {}) as run_id:
        runs.connect().log_text(run_id, "words", "note.txt")
    assert files(root) == ["mlartifacts", "mlflow.db"]
    assert [path.read_text() for path in root.rglob("note.txt")] == ["words"]
    assert files(Path.cwd()) == []


def test_without_dvc_the_working_folder_is_the_projects(
    runs: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a stage that is run by hand would log somewhere else."""
    monkeypatch.chdir(tmp_path)
    finished(runs)
    assert "mlflow.db" in files(tmp_path)


def test_the_environments_tracking_uri_is_used(root: Path, runs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a team's server would get no runs."""
    uri = f"sqlite:///{root / 'team.db'}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    finished(runs)
    assert "team.db" in files(root)
    assert "mlflow.db" not in files(root)


def test_the_environments_experiment_is_used(root: Path, runs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else all work of a server would land in one experiment."""
    assert experiment(runs, finished(runs)) == "pixelproof"
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "cats")
    assert experiment(runs, finished(runs)) == "cats"


def experiment(runs: Any, run: Any) -> str:
    return str(runs.connect().get_experiment(run.info.experiment_id).name)


def test_a_run_has_its_name_tags_and_flattened_params(root: Path, runs: Any) -> None:
    """Else `mlflow ui` could not show `cnn.layers.conv1.filters  10 -> 32`."""
    train = Train(epochs=3, batch_size=8, early_stopping=EarlyStopping(monitor="valid_loss", patience_epochs=2))
    run = finished(runs, "cnn", {"seed": 7, "train": train, "cnn": {"layers": {"conv1": {"kernel": [3, 5]}}}})
    assert run.info.run_name == "cnn"
    assert run.info.status == "FINISHED"
    assert run.data.tags["model"] == "cnn"
    assert run.data.params == {
        "seed": "7",
        "train.epochs": "3",
        "train.batch_size": "8",
        "train.early_stopping.monitor": "valid_loss",
        "train.early_stopping.patience_epochs": "2",
        "cnn.layers.conv1.kernel": "[3, 5]",
    }


def test_what_is_left_out_of_params_is_left_out_of_the_run(runs: Any) -> None:
    """Else `None` would stand where a feature is off, and differ from a run before the feature was there."""
    assert runs.flatten({"train": Train(epochs=3, batch_size=8)}) == {"train.epochs": 3, "train.batch_size": 8}
    assert runs.flatten({}) == {}


def test_the_recipe_is_flattened_and_what_is_off_is_left_out(runs: Any) -> None:
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
    assert runs.flatten({"cnn": dict(Cnn.model_validate(content))}) == {
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


def test_layers_inside_blocks_and_a_head_of_layers_are_flattened_too(runs: Any) -> None:
    """Else a block would be one long text in MLflow, and a backbone that is not there would be logged as None."""
    pool = {"kind": "max_pool", "size": 2}
    content = {
        "layers": {"b1": {"kind": "block", "repeat": 3, "layers": {"pool": pool}}},
        "head": {"kind": "softmax", "hidden": 8},
        "learning_rate": 0.01,
    }
    assert runs.flatten({"cnn": dict(Cnn.model_validate(content))}) == {
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


def test_more_params_than_mlflow_takes_at_once_are_logged(root: Path, runs: Any) -> None:
    """Else a deep network could not be logged: MLflow takes 100 params a call."""
    params = {f"key{number}": number for number in range(230)}
    assert finished(runs, "cnn", params).data.params == {key: str(value) for key, value in params.items()}


def test_a_run_that_breaks_is_marked_as_failed(root: Path, runs: Any) -> None:
    """Else a broken training would look like a finished one, or like one that still runs."""
    opened: list[str] = []
    with pytest.raises(KeyError), runs.open_run("cnn", {}) as run_id:  # noqa: PT012
        opened.append(run_id)
        raise KeyError
    assert runs.connect().get_run(opened[0]).info.status == "FAILED"


@pytest.mark.parametrize(("error", "status"), [(KeyboardInterrupt(), "KILLED"), (SystemExit(1), "FAILED")])
def test_a_run_that_is_stopped_by_a_person_is_marked_as_killed(
    error: BaseException, status: str, root: Path, runs: Any
) -> None:
    """Else one that was stopped on purpose would look like a broken one, or like one that still runs."""
    opened: list[str] = []
    with pytest.raises(type(error)), runs.open_run("cnn", {}) as run_id:  # noqa: PT012
        opened.append(run_id)
        raise error
    assert runs.connect().get_run(opened[0]).info.status == status


def test_a_run_is_opened_again(root: Path, runs: Any) -> None:
    """Else a training that was killed would have its first half in one run and its second in another."""
    before = finished(runs, "cnn", {"seed": 7})
    with runs.open_run("cnn", {"model": "cnn"}, before.info.run_id) as run_id:
        assert runs.connect().get_run(run_id).info.status == "RUNNING"
        runs.log_params({"seed": 7})
    after = runs.connect().get_run(before.info.run_id)
    assert run_id == before.info.run_id
    assert (after.info.status, after.info.start_time) == ("FINISHED", before.info.start_time)
    assert after.data.params == {"seed": "7"}
    assert len(runs.connect().search_runs([after.info.experiment_id])) == 1


def test_a_run_that_cannot_be_opened_again_is_replaced(root: Path, runs: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a training could not continue once its run was deleted, its store is another, or its experiment is."""
    deleted, moved = finished(runs).info.run_id, finished(runs).info.run_id
    runs.connect().delete_run(deleted)
    opened = []
    for run_id, name in ((deleted, "pixelproof"), ("0" * 32, "pixelproof"), (moved, "cats")):
        monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", name)
        with runs.open_run("cnn", {"model": "cnn"}, run_id) as opened_id:
            opened.append(opened_id)
        assert experiment(runs, runs.connect().get_run(opened_id)) == name
    assert {deleted, moved}.isdisjoint(opened)
    assert len(set(opened)) == 3


def test_only_missing_steps_are_logged(root: Path, runs: Any) -> None:
    """Else a curve would have a step twice, or a gap where the program was killed while it logged."""
    history = {step: {"loss": 1 / step, "accuracy": 0.1 * step} for step in (1, 2, 3)}
    with runs.open_run("cnn", {}) as run_id:
        runs.log_metrics(history[1], step=1)
        runs.log_metrics({"loss": 0.5}, step=2)
        runs.log_missing(history)
        runs.log_missing(history)
    for key in ("loss", "accuracy"):
        logged = runs.connect().get_metric_history(run_id, key)
        assert [(metric.step, metric.value) for metric in logged] == [(step, history[step][key]) for step in history]


def test_models_that_a_killed_run_left_are_removed_and_others_stay(root: Path, runs: Any) -> None:
    """Else a run would show two models, one of them half written."""
    before = finished(runs)
    client = runs.connect()
    kept = client.create_logged_model(before.info.experiment_id, source_run_id=before.info.run_id)
    with runs.open_run("cnn", {}) as run_id:
        client.create_logged_model(before.info.experiment_id, source_run_id=run_id)
        runs.remove_models()
    left = client.search_logged_models([before.info.experiment_id])
    assert [model.model_id for model in left] == [kept.model_id]


def test_what_went_wrong_shows_where_mlflow_fails_too(
    root: Path, runs: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Else a full disk, on which MLflow cannot write either, would be told as an error of MLflow."""
    import mlflow
    from mlflow.exceptions import MlflowException

    def fail(status: str) -> None:
        raise MlflowException("disk is full")

    with pytest.raises(KeyError, match="the first"), runs.open_run("cnn", {}):  # noqa: PT012
        monkeypatch.setattr(mlflow, "end_run", fail)
        raise KeyError("the first")
    monkeypatch.undo()
    assert "could not be marked as FAILED" in caplog.text


def test_metrics_are_kept_step_by_step_and_tags_are_set(root: Path, runs: Any) -> None:
    """Else there would be no curves over the epochs, and no hash of the weights."""
    with runs.open_run("cnn", {}) as run_id:
        for step, loss in enumerate((0.9, 0.5), start=1):
            runs.log_metrics({"train/loss": loss}, step=step)
        runs.log_tags({"weights_sha256": "abc"})
    client = runs.connect()
    assert [(metric.step, metric.value) for metric in client.get_metric_history(run_id, "train/loss")] == [
        (1, 0.9),
        (2, 0.5),
    ]
    assert client.get_run(run_id).data.tags["weights_sha256"] == "abc"


IMAGES = np.random.default_rng(0).integers(0, 256, (4, 5, 4, 3), dtype=np.uint8)


def logged_example(runs: Any, run_id: str, folder: Path) -> Any:
    path = runs.connect().download_artifacts(run_id, "input_example.json", str(folder))
    return json.loads(Path(path).read_text("utf-8"))["inputs"]


def test_a_logged_cnn_answers_as_before(root: Path, runs: Any, tmp_path: Path) -> None:
    """Else a model that someone loads from MLflow would not be the one that was evaluated."""
    import mlflow.keras

    from pixelproof.network.cnn import build
    from pixelproof.params.network import Cnn

    params = {"layers": {"flatten": {"kind": "flatten"}}, "head": "softmax", "learning_rate": 0.01}
    model = build(Cnn.model_validate(params), IMAGES.shape[1:], 3)
    outputs = model.predict_on_batch(IMAGES)
    with runs.open_run("cnn", {}) as run_id:
        model_id = runs.log_keras_model(model, IMAGES, outputs)
    loaded = mlflow.keras.load_model(f"models:/{model_id}")
    np.testing.assert_array_equal(loaded.predict_on_batch(IMAGES), outputs)
    assert logged_example(runs, run_id, tmp_path) == IMAGES.tolist()
    check_description(model_id, IMAGES, outputs, ["keras==", "tensorflow=="])


def test_a_logged_mlp_answers_as_before(root: Path, runs: Any, tmp_path: Path) -> None:
    """Else a model that someone loads from MLflow would not be the one that was evaluated."""
    import mlflow.sklearn

    from pixelproof.network.mlp import TRUSTED_TYPES, MlpLearner, flatten
    from pixelproof.params.network import Mlp

    params = Mlp(hidden=[5], activation="relu", l2=0.0, learning_rate=0.01)
    train = Train(epochs=1, batch_size=len(IMAGES))
    learner = MlpLearner(params, train, IMAGES[0].size, 3, steps_per_epoch=1, seed=7)
    learner.train_batch(IMAGES, np.array([0, 1, 2, 0]))
    pixels = flatten(IMAGES)
    outputs = learner.model.predict_proba(pixels)
    with runs.open_run("mlp", {}) as run_id:
        model_id = runs.log_sklearn_model(learner.model, pixels, outputs, TRUSTED_TYPES)
    loaded = mlflow.sklearn.load_model(f"models:/{model_id}")
    np.testing.assert_array_equal(loaded.predict_proba(pixels), outputs)
    served = mlflow.pyfunc.load_model(f"models:/{model_id}")
    np.testing.assert_array_equal(served.predict(pixels), outputs)  # probabilities, as the CNN gives
    assert logged_example(runs, run_id, tmp_path) == pixels.tolist()
    check_description(model_id, pixels, outputs, ["scikit-learn==", "skops==", "numpy=="])


def check_description(model_id: str, inputs: np.ndarray, outputs: np.ndarray, pins: list[str]) -> None:
    """The model says what it takes, what it gives and what it needs, without which no server could run it."""
    import mlflow

    info = mlflow.models.get_model_info(f"models:/{model_id}")
    (taken,), (given,) = info.signature.inputs.inputs, info.signature.outputs.inputs
    assert (taken.type, taken.shape[1:]) == (inputs.dtype, inputs.shape[1:])
    assert (given.type, given.shape[1:]) == (outputs.dtype, outputs.shape[1:])
    requirements = mlflow.pyfunc.get_model_dependencies(f"models:/{model_id}")
    listed = Path(requirements).read_text("utf-8")
    assert all(pin in listed for pin in pins)


def test_an_evaluation_completes_a_run_without_reopening_it(root: Path, runs: Any) -> None:
    """Else a finished run would seem to run again, or to have taken as long as the pipeline."""
    before = finished(runs)
    model = runs.connect().create_logged_model(before.info.experiment_id, source_run_id=before.info.run_id)
    evaluated = runs.EvaluatedRun(before.info.run_id, model.model_id)
    assert evaluated.exists()
    evaluated.log({"test/accuracy": 0.9}, {"partner_run_id": "abc"}, {"confusion.png": Figure()})
    client = runs.connect()
    after = client.get_run(before.info.run_id)
    assert after.data.metrics == {"test/accuracy": 0.9}
    assert after.data.tags["partner_run_id"] == "abc"
    assert [file.path for file in client.list_artifacts(before.info.run_id)] == ["confusion.png"]
    linked = client.get_logged_model(model.model_id).metrics
    assert [(metric.key, metric.value) for metric in linked] == [("test/accuracy", 0.9)]
    assert (after.info.status, after.info.start_time, after.info.end_time) == (
        before.info.status,
        before.info.start_time,
        before.info.end_time,
    )


def test_an_unknown_run_does_not_exist(root: Path, runs: Any) -> None:
    """Else a result from DVC's cache would break the evaluation wherever the store is a new one."""
    assert not runs.EvaluatedRun("0" * 32, "m-1").exists()


LOGS = """
import sys
from pixelproof.tracking import runs
with runs.open_run("cnn", {"process": sys.argv[1]}):
    for epoch in range(40):
        runs.log_metrics({"valid/accuracy": epoch / 40, "valid/loss": 1.0}, step=epoch)
"""


def test_four_processes_that_begin_at_once_lose_nothing(root: Path, runs: Any) -> None:
    """Else experiments side by side would fail where MLflow makes its tables, or miss points of their curves."""
    started = [subprocess.Popen([sys.executable, "-c", LOGS, str(number)], cwd=ROOT) for number in range(4)]
    assert [process.wait() for process in started] == [0, 0, 0, 0]
    client = runs.connect()
    found = client.search_runs([client.get_experiment_by_name("pixelproof").experiment_id])
    assert sorted(run.data.tags["process"] for run in found) == ["0", "1", "2", "3"]
    for run in found:
        assert [point.step for point in client.get_metric_history(run.info.run_id, "valid/accuracy")] == [*range(40)]
