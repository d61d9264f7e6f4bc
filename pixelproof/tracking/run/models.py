"""A trained model in MLflow's own format, as a folder that needs no tracking store."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING
from unittest.mock import patch

import mlflow.utils.environment as mlflow_environment
import numpy as np
from mlflow.models import infer_signature

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

# Without `pip_requirements` MLflow starts a process that imports everything only to list it (17 s). No `input_example`:
# it writes the pixels twice as text, which for colour photos is more than the weights; the signature has the shape.


def save_keras_model(saved: Path, images: np.ndarray, outputs: np.ndarray, folder: Path) -> None:
    """Move the CNN's file `saved` into an MLflow model of its own, whose signature is that of images and outputs."""
    import mlflow.keras

    folder.mkdir()
    with _pins_taken_as_given():
        mlflow.keras.save_model(
            _SavedModel(saved),
            str(folder),
            signature=infer_signature(images, outputs),
            pip_requirements=_pins("keras", "tensorflow"),
        )


class _SavedModel:
    """All that MLflow asks of a Keras model: to save itself. The file is there already, and saving takes 0.2 s."""

    def __init__(self, saved: Path) -> None:
        self._saved = saved

    def save(self, path: str) -> None:
        shutil.move(self._saved, path)


def save_sklearn_model(model: "Pipeline", pixels: np.ndarray, outputs: np.ndarray, saved: Path, folder: Path) -> None:
    """Move the MLP's file `saved` into an MLflow model of its own, whose signature is that of pixels and outputs.

    `model` is what the file holds.
    """
    import mlflow.sklearn

    with _pins_taken_as_given():
        mlflow.sklearn.save_model(
            model,
            str(folder),
            signature=infer_signature(pixels, outputs),
            serialization_format="skops",
            skops_trusted_types=[],
            pip_requirements=_pins("scikit-learn", "skops", "numpy"),
            pyfunc_predict_fn="predict_proba",
        )
    shutil.move(saved, folder / "model.skops")


def _pins(*packages: str) -> list[str]:
    return [f"{package}=={version(package)}" for package in packages]


@contextmanager
def _pins_taken_as_given() -> Iterator[None]:
    """Keep MLflow from comparing the pins with what is installed, which is where they come from.

    For that it lists every file of every package (0.7 s). An MLflow that compares elsewhere is slower, not wrong.
    """
    with patch.object(mlflow_environment, "warn_dependency_requirement_mismatches", create=True):
        yield
