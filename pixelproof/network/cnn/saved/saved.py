"""A saved CNN: loading, comparison with its plan, prediction."""

from collections.abc import Iterable, Mapping
from math import prod
from pathlib import Path
from typing import Any

import keras
import numpy as np

from pixelproof.network.cnn.saved.mirroring import without_flip_averaging


def load(path: Path) -> keras.Model:
    model: keras.Model = keras.saving.load_model(path)
    return model


def check_against_plan(model: keras.Model, plan: Mapping[str, Any]) -> None:
    """Check that Keras built what the plan (the content of its JSON file) says, layer by layer.

    Raises AssertionError at the first layer whose output shape, parameters or trainable parameters differ.
    """
    model = without_flip_averaging(model)
    for planned in plan["layers"]:
        layer = model.get_layer(planned["name"])
        built = list(layer.output.shape[1:]), layer.count_params(), _trainable(layer)
        if built != (planned["output_shape"], planned["parameters"], planned["trainable"]):
            raise AssertionError(f"layer {layer.name}: Keras built {built}, the plan says {planned}")
    totals = model.count_params(), _trainable(model)
    if totals != (plan["parameters"], plan["trainable"]):
        raise AssertionError(f"Keras built (parameters, trainable) {totals}, the plan says {plan}")


def _trainable(layer: keras.Layer) -> int:
    return sum(prod(weight.shape) for weight in layer.trainable_weights)


def probabilities(outputs: np.ndarray) -> np.ndarray:
    """Return (n, classes) probabilities from the outputs of either head."""
    return np.hstack([1 - outputs, outputs]) if outputs.shape[1] == 1 else outputs


def predict(model: keras.Model, batches: Iterable[Any]) -> np.ndarray:
    """Return (n, classes) float32 probabilities, in the batches' order."""
    outputs = [model.predict_on_batch(images) for images, _ in batches]
    return probabilities(np.concatenate(outputs)).astype(np.float32)
