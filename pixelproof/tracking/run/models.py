"""A trained model in MLflow's own format, as a folder that needs no tracking store."""

from importlib.metadata import version
from pathlib import Path
from shutil import copyfile
from typing import TYPE_CHECKING

import numpy as np
from mlflow.models import infer_signature

if TYPE_CHECKING:
    import keras
    from sklearn.pipeline import Pipeline

# Without `pip_requirements` MLflow starts a process that imports everything only to list it (17 s).


def save_keras_model(model: "keras.Model", images: np.ndarray, outputs: np.ndarray, saved: Path, folder: Path) -> None:
    """Save the CNN with signature and example; its weights are the very file `saved`, so that DVC keeps them once."""
    import mlflow.keras

    folder.mkdir()  # mlflow 3.17 writes the example into the folder before it makes it
    mlflow.keras.save_model(
        model,
        str(folder),
        signature=infer_signature(images, outputs),
        input_example=images,
        pip_requirements=_pins("keras", "tensorflow"),
    )
    copyfile(saved, folder / "data/model.keras")


def save_sklearn_model(
    model: "Pipeline", pixels: np.ndarray, outputs: np.ndarray, trusted: list[str], saved: Path, folder: Path
) -> None:
    """Save the MLP with signature and example; its weights are the very file `saved`, so that DVC keeps them once."""
    import mlflow.sklearn

    mlflow.sklearn.save_model(
        model,
        str(folder),
        signature=infer_signature(pixels, outputs),
        input_example=pixels,
        serialization_format="skops",
        skops_trusted_types=trusted,
        pip_requirements=_pins("scikit-learn", "skops", "numpy"),
        pyfunc_predict_fn="predict_proba",
    )
    copyfile(saved, folder / "model.skops")


def _pins(*packages: str) -> list[str]:
    return [f"{package}=={version(package)}" for package in packages]
