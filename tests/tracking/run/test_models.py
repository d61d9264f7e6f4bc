"""Models in MLflow's format: loaded elsewhere they are the ones that were trained."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pixelproof.params.cnn import Cnn
from pixelproof.params.mlp import Mlp
from pixelproof.params.train import Train
from tests.support.saved_models import PREPROCESSING

pytestmark = pytest.mark.slow  # Keras takes ten seconds to load

IMAGES = np.random.default_rng(0).integers(0, 256, (4, 10, 12, 3), dtype=np.uint8)
DENSE = {"layers": {"flatten": {"kind": "flatten"}}, "head": "softmax", "learning_rate": 0.01}


def test_a_saved_cnn_answers_as_before(tmp_path: Path) -> None:
    """Else a model that someone loads from MLflow would not be the one that was evaluated."""
    import mlflow

    from pixelproof.network.cnn.cnn import build
    from pixelproof.tracking.run.models import save_keras_model

    model = build(Cnn.model_validate(DENSE), IMAGES.shape[1:], 3)
    outputs = model.predict_on_batch(IMAGES)
    model.save(tmp_path / "model.keras")
    folder, written = tmp_path / "mlflow", (tmp_path / "model.keras").read_bytes()
    save_keras_model(tmp_path / "model.keras", PREPROCESSING, folder)
    np.testing.assert_array_equal(mlflow.keras.load_model(str(folder)).predict_on_batch(IMAGES), outputs)
    np.testing.assert_array_equal(mlflow.pyfunc.load_model(str(folder)).predict(IMAGES), outputs)
    check(folder, ["keras==", "tensorflow=="])
    assert (folder / "data/model.keras").read_bytes() == written


def test_a_saved_mlp_answers_as_before(tmp_path: Path) -> None:
    """Else a model that someone loads from MLflow would not be the one that was evaluated."""
    import mlflow

    from pixelproof.network.mlp.mlp import MlpLearner
    from pixelproof.network.mlp.saved import flatten
    from pixelproof.tracking.run.models import save_sklearn_model

    params = Mlp(hidden=[5], activation="relu", l2=0.0, learning_rate=0.01)
    train = Train(epochs=1, batch_size=len(IMAGES))
    learner = MlpLearner(params, train, IMAGES[0].size, 3, steps_per_epoch=1, seed=7)
    learner.train_batch(IMAGES, np.array([0, 1, 2, 0]))
    pixels, folder = flatten(IMAGES), tmp_path / "mlflow"
    outputs = learner.model.predict_proba(pixels)
    learner.save(tmp_path)
    written = (tmp_path / "model.skops").read_bytes()
    save_sklearn_model(learner.trained(), tmp_path / "model.skops", PREPROCESSING, folder)
    np.testing.assert_array_equal(mlflow.sklearn.load_model(str(folder)).predict_proba(pixels), outputs)
    served = mlflow.pyfunc.load_model(str(folder))
    np.testing.assert_array_equal(served.predict(pixels), outputs)  # probabilities, as the CNN gives
    check(folder, ["scikit-learn==", "skops==", "numpy=="])
    assert (folder / "model.skops").read_bytes() == written


def test_a_model_takes_little_more_room_than_its_weights(tmp_path: Path) -> None:
    """Else a store of many runs would fill up with optimizers' moments and with pixels as text."""
    from pixelproof.network.cnn.cnn import build
    from pixelproof.network.mlp.mlp import MlpLearner
    from pixelproof.tracking.run.models import save_keras_model, save_sklearn_model

    images = np.zeros((4, 32, 32, 3), np.uint8)
    layers = {"flatten": {"kind": "flatten"}, "dense": {"kind": "dense", "units": 50, "activation": "relu"}}
    cnn = build(Cnn.model_validate(DENSE | {"layers": layers}), (32, 32, 3), 3)
    cnn.save(tmp_path / "model.keras")
    save_keras_model(tmp_path / "model.keras", PREPROCESSING, tmp_path / "cnn")
    assert stored(tmp_path / "cnn") < 1.3 * sum(weights.nbytes for weights in cnn.get_weights())

    params, train = Mlp(hidden=[50], activation="relu", l2=0.0, learning_rate=0.01), Train(epochs=1, batch_size=4)
    mlp = MlpLearner(params, train, images[0].size, 3, steps_per_epoch=1, seed=7)
    mlp.train_batch(images, np.array([0, 1, 2, 0]))
    mlp.save(tmp_path)
    save_sklearn_model(mlp.trained(), tmp_path / "model.skops", PREPROCESSING, tmp_path / "mlp")
    assert stored(tmp_path / "mlp") < 1.3 * sum(weights.nbytes for weights in mlp.weights())


def stored(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def test_what_is_installed_is_not_listed_to_check_pins_that_come_from_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else to save a model would take five times as long: MLflow looks at every file of every package."""
    import importlib_metadata
    from mlflow.utils import requirements_utils

    from pixelproof.network.cnn.cnn import build
    from pixelproof.tracking.run.models import save_keras_model

    listed = []
    monkeypatch.setattr(requirements_utils, "_MODULES_TO_PACKAGES", None)
    monkeypatch.setattr(importlib_metadata, "packages_distributions", lambda: listed.append(1) or {})
    build(Cnn.model_validate(DENSE), IMAGES.shape[1:], 3).save(tmp_path / "model.keras")
    save_keras_model(tmp_path / "model.keras", PREPROCESSING, tmp_path / "mlflow")
    assert listed == []


def check(folder: Path, pins: list[str]) -> None:
    """The model says what it takes, what it gives and what it needs, without which no server could run it."""
    import mlflow

    model: Any = mlflow.models.Model.load(str(folder))
    assert model.metadata == PREPROCESSING
    listed = (folder / "requirements.txt").read_text("utf-8")
    assert all(pin in listed for pin in [*pins, "simplejpeg==", "opencv-python-headless=="])
    assert not any(package in listed for package in ("dvc", "albumentations", "matplotlib"))
