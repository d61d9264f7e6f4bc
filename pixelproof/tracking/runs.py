"""MLflow runs: one per model and experiment, opened by the training, completed by the evaluation."""

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
from mlflow.entities import Metric, Param
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature
from mlflow.models.model import ModelInfo
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, ErrorCode
from mlflow.tracking import MlflowClient
from pydantic import BaseModel

from pixelproof.tracking.refusals import explained

if TYPE_CHECKING:
    import keras
    from sklearn.pipeline import Pipeline

EXPERIMENT = "pixelproof"  # unless MLFLOW_EXPERIMENT_NAME says otherwise
PARAMS_PER_CALL = 100  # MLflow's limit


def project_root() -> Path:
    """Return the project's folder: under `dvc exp run --temp` or `--queue` the one it was started from."""
    return Path(os.environ.get("DVC_ROOT", ".")).resolve()


@explained()
def connect() -> MlflowClient:
    """Choose the tracking store and the experiment: the environment's, else a database in the project's folder.

    The default is an absolute path: a relative one would be lost with the folder of a temporary experiment.
    """
    root = project_root()
    mlflow.set_tracking_uri(os.environ.get("MLFLOW_TRACKING_URI") or f"sqlite:///{root / 'mlflow.db'}")
    name = os.environ.get("MLFLOW_EXPERIMENT_NAME") or EXPERIMENT
    if mlflow.get_experiment_by_name(name) is None:
        local = mlflow.get_tracking_uri().startswith("sqlite:")
        mlflow.create_experiment(name, artifact_location=(root / "mlartifacts").as_uri() if local else None)
    mlflow.set_experiment(name)
    return MlflowClient()


@contextmanager
def open_run(name: str, params: Mapping[str, Any], tags: Mapping[str, str]) -> Iterator[str]:
    """Start a run and yield its id; it ends as FINISHED, or as FAILED after an exception."""
    client = connect()
    with mlflow.start_run(run_name=name, tags=dict(tags)) as run:
        entries = [Param(key, str(value)) for key, value in flatten(params).items()]
        for start in range(0, len(entries), PARAMS_PER_CALL):
            client.log_batch(run.info.run_id, params=entries[start : start + PARAMS_PER_CALL])
        yield run.info.run_id


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
        try:
            self._client.get_run(self.run_id)
        except MlflowException as error:
            if error.error_code != ErrorCode.Name(RESOURCE_DOES_NOT_EXIST):
                raise
            return False
        return True

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
