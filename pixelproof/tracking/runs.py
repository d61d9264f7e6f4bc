"""MLflow runs: one per model and experiment, opened by the training, completed by the evaluation."""

import logging
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import mlflow
import numpy as np
from matplotlib.figure import Figure
from mlflow.entities import LifecycleStage, Metric, Param, Run
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature
from mlflow.models.model import ModelInfo
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, ErrorCode
from mlflow.tracking import MlflowClient
from pydantic import BaseModel

from pixelproof.files import locked
from pixelproof.tracking.provenance import Provenance
from pixelproof.tracking.refusals import explained

if TYPE_CHECKING:
    import keras
    from sklearn.pipeline import Pipeline

EXPERIMENT = "pixelproof"  # unless MLFLOW_EXPERIMENT_NAME says otherwise
CHANGES = "changes.diff"  # an artifact of each run
PARAMS_PER_CALL = 100  # MLflow's limit


def project_root() -> Path:
    """Return the project's folder: under `dvc exp run --temp` or `--queue` the one it was started from."""
    return Path(os.environ.get("DVC_ROOT", ".")).resolve()


def store_uri() -> str:
    """Return where runs are kept: the environment's tracking store, else a database in the project's folder."""
    return os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{project_root() / 'mlflow.db'}"


@explained()
def connect() -> MlflowClient:
    """Choose the tracking store and the experiment: the environment's, else a database in the project's folder.

    The default is an absolute path: a relative one would be lost with the folder of a temporary experiment.
    """
    root = project_root()
    mlflow.set_tracking_uri(store_uri())
    name = experiment_name()
    with locked(root):  # MLflow lets two first processes create the same tables
        if mlflow.get_experiment_by_name(name) is None:
            local = mlflow.get_tracking_uri().startswith("sqlite:")
            mlflow.create_experiment(name, artifact_location=(root / "mlartifacts").as_uri() if local else None)
        mlflow.set_experiment(name)
    return MlflowClient()


def experiment_name() -> str:
    return os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT


@contextmanager
def open_run(name: str, tags: Mapping[str, str], run_id: str | None = None) -> Iterator[str]:
    """Open the run `run_id`, if the store still has it, else a new one; yield the id of the run.

    It ends as FINISHED, as KILLED after a signal or Ctrl-C, or as FAILED after another exception.
    """
    client = connect()
    if run_id and _can_reopen(client, run_id):
        run = mlflow.start_run(run_id=run_id)
    else:
        run = mlflow.start_run(run_name=name, tags=dict(tags))
    try:
        yield run.info.run_id
    except BaseException as error:
        _end_early("KILLED" if isinstance(error, KeyboardInterrupt) else "FAILED")
        raise
    mlflow.end_run()


def _can_reopen(client: MlflowClient, run_id: str) -> bool:
    """Tell whether the store has the run, not deleted and in the experiment of today."""
    run = _find(client, run_id)
    experiment = mlflow.get_experiment_by_name(experiment_name())
    return (
        run is not None
        and experiment is not None
        and run.info.lifecycle_stage == LifecycleStage.ACTIVE
        and run.info.experiment_id == experiment.experiment_id
    )


def _find(client: MlflowClient, run_id: str) -> Run | None:
    try:
        return client.get_run(run_id)
    except MlflowException as error:
        if error.error_code != ErrorCode.Name(RESOURCE_DOES_NOT_EXIST):
            raise
        return None


def _end_early(status: str) -> None:
    """End the open run; where the store fails, too, that must not hide what went wrong before."""
    try:
        mlflow.end_run(status)
    except MlflowException as error:
        logging.warning("MLflow: the run could not be marked as %s: %s", status, error)


def log_params(params: Mapping[str, Any]) -> None:
    """Log nested sections to the run that is open; to log the same ones again changes nothing."""
    entries = [Param(key, str(value)) for key, value in flatten(params).items()]
    for start in range(0, len(entries), PARAMS_PER_CALL):
        MlflowClient().log_batch(_open_run_id(), params=entries[start : start + PARAMS_PER_CALL])


def flatten(params: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested sections as dotted keys, as DVC names them: `cnn.layers.conv1.filters`."""
    flat: dict[str, Any] = {}
    for key, value in params.items():
        if isinstance(value, BaseModel):
            value = value.model_dump(exclude_none=True)
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        elif value is not None:
            flat[f"{prefix}{key}"] = value
    return flat


def log_metrics(metrics: Mapping[str, float], *, step: int | None = None) -> None:
    """Log metrics of the run that is open."""
    mlflow.log_metrics(dict(metrics), step=step)


def log_origin(origin: Provenance) -> None:
    """Log where the open run comes from: tags, and the uncommitted changes as the artifact CHANGES."""
    log_tags(origin.tags)
    mlflow.log_text(origin.changes, CHANGES)


def log_missing(metrics: Mapping[int, Mapping[str, float]]) -> None:
    """Log metrics by step to the run that is open, but none that it has for that step already."""
    client, run_id = MlflowClient(), _open_run_id()
    keys = {key for step in metrics.values() for key in step}
    had = {(key, metric.step) for key in keys for metric in client.get_metric_history(run_id, key)}
    for step, named in metrics.items():
        missing = {key: value for key, value in named.items() if (key, step) not in had}
        if missing:
            log_metrics(missing, step=step)


def remove_models() -> None:
    """Delete the models that the open run has, as a run that was stopped while it logged them left them."""
    client, run = MlflowClient(), mlflow.active_run()
    assert run is not None
    source = f"source_run_id='{run.info.run_id}'"
    for model in client.search_logged_models([run.info.experiment_id], filter_string=source):
        client.delete_logged_model(model.model_id)


def _open_run_id() -> str:
    run = mlflow.active_run()
    assert run is not None
    return str(run.info.run_id)


def log_tags(tags: Mapping[str, str]) -> None:
    """Set tags of the run that is open."""
    mlflow.set_tags(dict(tags))


def log_keras_model(model: "keras.Model", images: np.ndarray, outputs: np.ndarray) -> str:
    """Log the CNN with signature and example to the open run; return the model's id in MLflow."""
    import mlflow.keras

    # Without `pip_requirements` MLflow starts a process that imports everything only to list it (17 s). Its own
    # `input_example` fails for Keras models in 3.17 (it writes into a folder that it has not made yet).
    info = mlflow.keras.log_model(
        model, name="model", signature=infer_signature(images, outputs), pip_requirements=_pins("keras", "tensorflow")
    )
    return _log_example(info, images)


def log_sklearn_model(model: "Pipeline", pixels: np.ndarray, outputs: np.ndarray, trusted: list[str]) -> str:
    """Log the MLP with signature and example to the open run; return the model's id in MLflow."""
    import mlflow.sklearn

    info = mlflow.sklearn.log_model(
        model,
        name="model",
        signature=infer_signature(pixels, outputs),
        serialization_format="skops",
        skops_trusted_types=trusted,
        pip_requirements=_pins("scikit-learn", "skops", "numpy"),
        pyfunc_predict_fn="predict_proba",
    )
    return _log_example(info, pixels)


def _pins(*packages: str) -> list[str]:
    return [f"{package}=={version(package)}" for package in packages]


def _log_example(info: ModelInfo, inputs: np.ndarray) -> str:
    mlflow.log_dict({"inputs": inputs.tolist()}, "input_example.json")
    return str(info.model_id)


class EvaluatedRun:
    """A run that has ended, and gets what the test part says. Its status and times stay as they are."""

    def __init__(self, run_id: str, model_id: str) -> None:
        self.run_id = run_id
        self._model_id = model_id
        self._client = connect()

    def exists(self) -> bool:
        """Tell whether the store has this run; a result restored from DVC's cache may be older than the store."""
        return _find(self._client, self.run_id) is not None

    def log(self, metrics: Mapping[str, float], tags: Mapping[str, str], pictures: Mapping[str, Figure]) -> None:
        """Log test metrics (linked to the model), tags, and figures by file name."""
        now = time.time_ns() // 1_000_000
        entries = [Metric(key, value, now, 0, model_id=self._model_id) for key, value in metrics.items()]
        self._client.log_batch(self.run_id, entries)
        for key, tag in tags.items():
            self._client.set_tag(self.run_id, key, tag)
        for name, figure in pictures.items():
            self._client.log_figure(self.run_id, figure, name)

    def log_folder(self, folder: Path, name: str) -> None:
        """Copy a folder's files to the run's artifacts, below `name`."""
        self._client.log_artifacts(self.run_id, str(folder), name)
