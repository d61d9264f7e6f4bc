"""How a picture is made of a photo, as data: a page makes it anew for each photo that its reader chooses."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from pixelproof.explain.pictures.cases import Case

Recipe = Mapping[str, Any]  # its `op` is one of those in js/recipes.js

PHOTO: Recipe = {"op": "photo"}
SHUFFLED: Recipe = {"op": "shuffled"}


def convolved(weights: np.ndarray, *, stride: int = 1, rings: int = 0) -> Recipe:
    return {"op": "convolve", "weights": weights.tolist(), "stride": stride, "zeros": [rings] * 4}


def filtered(weights: np.ndarray) -> Recipe:
    """As `Filter.apply`; weights (rows, columns), or (rows, columns, channels)."""
    return {"op": "filter", "weights": weights.tolist()}


def pooled(kind: str, *, times: int = 1) -> Recipe:
    return {"op": "pool", "kind": kind, "times": times}


def map_of(layer: str, channel: int) -> Recipe:
    return {"op": "map", "layer": layer, "channel": channel}


def case_recipe(case: Case, output: int) -> Recipe:
    """Return how one output of a case is made of its picture's brightness."""
    if not case.padded and output >= len(case.weights):
        return {"op": "sum", "of": [case_recipe(case, number) for number in range(len(case.weights))]}
    weights = case.weights[min(output, len(case.weights) - 1)]
    if not case.padded and case.outputs[output].shape == case.image.shape:
        return {"op": "multiply", "weights": weights.tolist()}
    return {**convolved(weights), "zeros": zeros(case, output)}


def zeros(case: Case, output: int) -> list[int]:
    """Return how many zeros stand above, below, left and right of the picture."""
    if not case.padded:
        return [0, 0, 0, 0]
    more = case.padded[output].shape[1] - case.image.shape[1]
    return [0, 0, more // 2, more - more // 2]
