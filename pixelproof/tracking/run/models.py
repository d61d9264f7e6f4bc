"""A trained model in MLflow's own format, as a folder that needs no tracking store.

It has two flavours over one copy of the weights: Keras's or scikit-learn's own, which takes pixels, and
`python_function`, which takes photo files as well, by a copy of the pipeline's own code (pixelproof.inference).
"""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import mlflow.utils.environment as mlflow_environment
from mlflow.models import Model
from mlflow.pyfunc import FLAVOR_NAME, add_to_model

from pixelproof.tracking.run.carried import FOLDER, REQUIREMENTS, add_preprocessing

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

# Without `pip_requirements` MLflow starts a process that imports everything only to list it (17 s). There is no
# signature, since MLflow's cannot say "photos, or pixels": the metadata say what the model takes and gives. Nor is
# there an example, which MLflow writes twice as text: for colour photos that is more than the weights.


def save_keras_model(saved: Path, preprocessing: Mapping[str, Any], folder: Path) -> None:
    """Move the CNN's file `saved` into a new MLflow model, `folder`, which answers photos."""
    import mlflow.keras

    with _pins_taken_as_given():
        mlflow.keras.save_model(
            _SavedModel(saved), str(folder), pip_requirements=_pins("keras", "tensorflow", *REQUIREMENTS)
        )
    _take_photos(folder, preprocessing)


class _SavedModel:
    """All that MLflow asks of a Keras model: to save itself. The file is there already, and saving takes 0.2 s."""

    def __init__(self, saved: Path) -> None:
        self._saved = saved

    def save(self, path: str) -> None:
        shutil.move(self._saved, path)


def save_sklearn_model(model: "Pipeline", saved: Path, preprocessing: Mapping[str, Any], folder: Path) -> None:
    """Move the MLP's file `saved`, which holds `model`, into a new MLflow model, `folder`, which answers photos."""
    import mlflow.sklearn

    with _pins_taken_as_given():
        mlflow.sklearn.save_model(
            model,
            str(folder),
            serialization_format="skops",
            skops_trusted_types=[],
            pip_requirements=_pins("scikit-learn", "skops", *REQUIREMENTS),
        )
    shutil.move(saved, folder / "model.skops")
    _take_photos(folder, preprocessing)


def _take_photos(folder: Path, preprocessing: Mapping[str, Any]) -> None:
    """Let the model's `python_function` flavour read photos."""
    model = Model.load(str(folder))
    env = model.flavors[FLAVOR_NAME]["env"]
    entry = add_preprocessing(folder, preprocessing)
    # MLflow gives this function no types
    add_to_model(model, entry, code=FOLDER, conda_env=env["conda"], python_env=env["virtualenv"])  # type: ignore[no-untyped-call]
    model.metadata = dict(preprocessing)
    model.save(str(folder / "MLmodel"))


def _pins(*packages: str) -> list[str]:
    return [f"{package}=={version(package)}" for package in packages]


@contextmanager
def _pins_taken_as_given() -> Iterator[None]:
    """Keep MLflow from comparing the pins with what is installed, which is where they come from.

    For that it lists every file of every package (0.7 s). An MLflow that compares elsewhere is slower, not wrong.
    """
    with patch.object(mlflow_environment, "warn_dependency_requirement_mismatches", create=True):
        yield
