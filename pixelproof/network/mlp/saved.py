"""A saved MLP: loading, comparison with its plan, prediction."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import skops.io
from sklearn.pipeline import Pipeline


def load(path: Path) -> Pipeline:
    """Return the model of a file that `MlpLearner.save` wrote."""
    model: Pipeline = skops.io.load(path)
    return model


def check_against_plan(model: Pipeline, plan: Mapping[str, Any]) -> None:
    """Check that scikit-learn built what the plan (the content of its JSON file) says, layer by layer.

    Raises AssertionError at the first layer whose units or parameter count differ.
    """
    classifier = model["mlp"]
    for planned, weights, bias in zip(plan["layers"], classifier.coefs_, classifier.intercepts_, strict=True):
        built = [weights.shape[1]], weights.size + bias.size
        if built != (planned["output_shape"], planned["parameters"]):
            raise AssertionError(f"layer {planned['name']}: scikit-learn built {built}, the plan says {planned}")


def flatten(images: np.ndarray) -> np.ndarray:
    """Return images as scikit-learn takes them: (n, features) float32, pixels still 0-255."""
    return images.reshape(len(images), -1).astype(np.float32)


def predict(model: Pipeline, batches: Iterable[Any]) -> np.ndarray:
    """Return (n, classes) float32 probabilities, in the batches' order."""
    return np.concatenate([model.predict_proba(flatten(images)) for images, _ in batches]).astype(np.float32)
