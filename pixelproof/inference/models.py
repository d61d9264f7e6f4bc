"""Where a model that a person names lies: of this folder, of MLflow, or anywhere."""

import re
from pathlib import Path

from pixelproof.errors import UserError
from pixelproof.inference.classifier import Classifier, is_keras, is_model
from pixelproof.inference.exported import is_export, open_export
from pixelproof.network.cnn.saved.keras_setup import start_keras
from pixelproof.paths import MODELS

SAVED = "mlflow"  # the folder of the model in models/<model>/
EXPECTED = "Expected cnn, mlp, an MLflow run's id, models:/NAME@ALIAS, or the folder of a saved or exported model"


def open_model(name: str, program: str) -> Classifier:
    """Return the model that a person names; what TensorFlow says of itself goes to a log of that program.

    Raises UserError as `find_model`.
    """
    return open_folder(find_model(name), program)


def open_folder(folder: Path, program: str) -> Classifier:
    """Return the model in a folder that `find_model` has found."""
    if is_export(folder):
        return open_export(folder)
    if is_keras(folder):
        start_keras(program)
    return Classifier.open(folder)


def find_model(name: str) -> Path:
    """Return the folder of a saved or exported model, fetched from MLflow for the name of a run or a registered model.

    Raises UserError where there is none, or it cannot answer photos.
    """
    folder = _folder(name)
    if is_model(folder) or is_export(folder):
        return folder
    if is_model(folder / SAVED):
        return folder / SAVED
    raise UserError(
        f"{name}: {folder} holds no model that answers photos. Those that this version trains do: run `dvc repro`."
    )


def _folder(name: str) -> Path:
    if name in ("cnn", "mlp"):
        if not (MODELS / name).is_dir():
            raise UserError(f"{MODELS / name}: there is no trained model yet. Run `make repro` first.")
        return MODELS / name
    if name.startswith("models:/"):
        return _fetch(name)
    if Path(name).is_dir():
        return Path(name)
    if re.fullmatch("[0-9a-f]{4,32}", name):
        return _fetch(_of_run(name))
    raise UserError(f"--model {name}: there is no such model. {EXPECTED}.")


def _of_run(run_id: str) -> str:
    """Return the address of the model that a run has logged."""
    from pixelproof.tracking.history.lineage import find_run, open_store

    run = find_run(open_store(), run_id)
    models = run.outputs.model_outputs if run.outputs else []
    if not models:
        raise UserError(f"run {run.info.run_id}: it has no model: its training did not finish.")
    return f"models:/{models[0].model_id}"


def _fetch(address: str) -> Path:
    """Return a folder with the files of a model of MLflow's; those of a local store are not copied."""
    import mlflow
    from mlflow.exceptions import MlflowException

    from pixelproof.tracking.history.lineage import open_store
    from pixelproof.tracking.store.connection import store_uri

    open_store()
    mlflow.set_tracking_uri(store_uri())
    try:
        return Path(mlflow.artifacts.download_artifacts(artifact_uri=address))
    except (MlflowException, OSError) as error:
        raise UserError(f"{address}: MLflow ({store_uri()}) has no such model: {str(error).splitlines()[0]}") from None
