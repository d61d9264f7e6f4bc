"""Small models as a training saves them, for photos of 10 x 12 pixels and three classes."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from pixelproof.inference.preprocessing import Preprocessing
from pixelproof.params.cnn import Cnn
from pixelproof.params.mlp import Mlp
from pixelproof.params.train import Train

CLASSES = ["ape", "bee", "cat"]
SHAPE = (10, 12, 3)
PREPROCESSING: dict[str, Any] = {
    "classes": CLASSES,
    "height_px": SHAPE[0],
    "width_px": SHAPE[1],
    "colour": "rgb",
    "fit": "pad",
    "min_side_px": 4,
    "max_megapixels": 250,
}


def save_mlp(folder: Path, **preprocessing: Any) -> Path:
    """Save an MLP that took one step; return its folder."""
    from pixelproof.network.mlp.mlp import MlpLearner
    from pixelproof.tracking.run.models import save_sklearn_model

    params, train = Mlp(hidden=[5], activation="relu", l2=0.0, learning_rate=0.01), Train(epochs=1, batch_size=3)
    made = PREPROCESSING | preprocessing
    shape, classes = Preprocessing(**made).shape, len(made["classes"])
    learner = MlpLearner(params, train, int(np.prod(shape)), classes, steps_per_epoch=1, seed=7)
    images = np.random.default_rng(0).integers(0, 256, (classes, *shape), dtype=np.uint8)
    learner.train_batch(images, np.arange(classes))
    learner.save(folder.parent)
    saved = folder.parent / "model.skops"
    save_sklearn_model(learner.trained(), saved, made, folder)
    return folder


def save_cnn(folder: Path, *, preprocessing: Mapping[str, Any] = MappingProxyType({}), **params: Any) -> Path:
    """Save a CNN of these layers that was not trained; return its folder."""
    import keras

    from pixelproof.network.cnn.cnn import build
    from pixelproof.network.cnn.saved.mirroring import with_flip_averaging
    from pixelproof.tracking.run.models import save_keras_model

    usual = {"layers": {"flatten": {"kind": "flatten"}}, "head": "softmax", "learning_rate": 0.01}
    made = PREPROCESSING | preprocessing
    shape = Preprocessing(**made).shape
    keras.utils.set_random_seed(7)
    model = build(Cnn.model_validate(usual | params), shape, len(made["classes"]))
    model = with_flip_averaging(model) if params.get("average_mirrored") else model
    saved = folder.parent / "model.keras"
    model.save(saved)
    save_keras_model(saved, made, folder)
    return folder
