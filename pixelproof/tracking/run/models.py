"""A trained model in MLflow's own format, as a folder that needs no tracking store."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from shutil import copyfile
from typing import TYPE_CHECKING
from unittest.mock import patch

import mlflow.utils.environment as mlflow_environment
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
    with _pins_taken_as_given():
        mlflow.keras.save_model(
            _SavedModel(saved),
            str(folder),
            signature=infer_signature(images, outputs),
            input_example=images,
            pip_requirements=_pins("keras", "tensorflow"),
        )


class _SavedModel:
    """All that MLflow asks of a Keras model: to save itself. The file is there already, and saving takes 0.2 s."""

    def __init__(self, saved: Path) -> None:
        self._saved = saved

    def save(self, path: str) -> None:
        copyfile(self._saved, path)


def save_sklearn_model(
    model: "Pipeline", pixels: np.ndarray, outputs: np.ndarray, trusted: list[str], saved: Path, folder: Path
) -> None:
    """Save the MLP with signature and example; its weights are the very file `saved`, so that DVC keeps them once."""
    import mlflow.sklearn

    with _pins_taken_as_given():
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


@contextmanager
def _pins_taken_as_given() -> Iterator[None]:
    """Keep MLflow from comparing the pins with what is installed, which is where they come from.

    For that it lists every file of every package (0.7 s). An MLflow that compares elsewhere is slower, not wrong.
    """
    with patch.object(mlflow_environment, "warn_dependency_requirement_mismatches", create=True):
        yield
