"""What the page's script gets: the network's graph and weights, the photos, and samples to check itself against.

The script computes every layer it can from the weights, in the reader's browser, so the activations need not be
shipped. A layer is shipped as a box, with what it made of each photo, where its kind is unknown, its weights or its
work are too large for a page, or a layer before it is a box that is not exact.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from pixelproof.explain.tracing.groups import grouped
from pixelproof.explain.tracing.photos import Shown
from pixelproof.explain.tracing.traced import TracedLayer

SAMPLES = 12  # outputs of each layer and photo that the page compares its own with
PREVIEW_MAPS, PREVIEW_PX = 16, 48
NETWORK = "part of a network within the network"


@dataclass
class PageBudget:
    """What there is budget for on a page; what was shipped is taken off."""

    weights: int = 6 * 2**20  # bytes, of all layers together; base64 makes a third more of it
    boxes: int = 3 * 2**20  # bytes, of all exact outputs of boxes together
    multiply_adds: int = 400_000_000  # of each layer: about a second in a browser


def payload(
    layers: Sequence[TracedLayer], shown: Shown, classes: Sequence[str], budget: PageBudget | None = None
) -> dict[str, Any]:
    """Return what the script needs, ready for JSON; arrays are base64, little-endian, in C order."""
    budget, exact, entries = budget or PageBudget(), set[int](), []
    feeding = {source for layer in layers if layer.kind for source in layer.inputs}
    for number, layer in enumerate(layers):
        reason = _why_box(layer, exact, budget)
        entry = described(layer) if reason is None else _boxed(layer, reason, budget, feeds=number in feeding)
        if reason is None or "outputs" in entry:
            exact.add(number)
        entries.append(_outline(layer) | entry)
    groups = [each if isinstance(each, int) else each.as_json() for each in grouped(layers)]
    return {"classes": list(classes), "photos": _photos(shown), "layers": entries, "groups": groups}


def own_photos(preprocessing: Mapping[str, Any], *, mirrored: bool) -> dict[str, Any]:
    """Return what the script needs besides for photos that a reader brings: how they are read, and answered."""
    return {"preprocessing": dict(preprocessing), "mirrored": mirrored}


def _why_box(layer: TracedLayer, exact: set[int], budget: PageBudget) -> str | None:
    """Return in words why the page cannot compute a layer, or None. Takes its weights off the budget."""
    if layer.inside:
        return f"{layer.inside.layers} layers, of which {layer.inside.convolutions} are convolutions, computed by Keras"
    if layer.kind is None:
        return f"the page has no arithmetic for layers of Keras's class {layer.class_name}"
    if not exact.issuperset(layer.inputs):
        return "the layer before it is a box, of which only a preview is on the page"
    if layer.multiply_adds > budget.multiply_adds:
        return f"its {layer.multiply_adds:,} multiply-adds for one photo are too many for a page"
    size = sum(weights.nbytes for weights in layer.kind.weights.values())
    if size > budget.weights:
        return f"its {layer.parameters:,} weights are too many for a page"
    budget.weights -= size
    return None


def _outline(layer: TracedLayer) -> dict[str, Any]:
    flat = layer.outputs.reshape(len(layer.outputs), -1)
    places = np.linspace(0, flat.shape[1] - 1, min(SAMPLES, flat.shape[1])).astype(int)
    return {
        "name": layer.name,
        "inputs": list(layer.inputs),
        "shape": list(layer.shape),
        "parameters": layer.parameters,
        "places": places.tolist(),
        "samples": encode(flat[:, places]),  # Keras's own numbers
        "largest": encode(np.abs(flat).max(axis=1)),
    }


def described(layer: TracedLayer) -> dict[str, Any]:
    """Return how the script computes a layer whose kind is known."""
    assert layer.kind is not None
    weights = {name: {"shape": list(array.shape), "data": encode(array)} for name, array in layer.kind.weights.items()}
    return {"kind": layer.kind.name, "options": dict(layer.kind.options), "weights": weights}


def _boxed(layer: TracedLayer, reason: str, budget: PageBudget, *, feeds: bool) -> dict[str, Any]:
    """Describe a box with its exact outputs, if it feeds a layer that the page could compute and they fit."""
    box: dict[str, Any] = {"kind": "box", "reason": reason, "class": NETWORK if layer.inside else layer.class_name}
    if feeds and layer.outputs.nbytes <= budget.boxes:
        budget.boxes -= layer.outputs.nbytes
        return box | {"outputs": encode(layer.outputs)}
    return box | {"preview": _preview(layer.outputs)}


def _preview(outputs: np.ndarray) -> dict[str, Any]:
    """Thin out the first maps, or numbers, of each photo to bytes that are good enough to look at."""
    if outputs.ndim == 4:
        step = -(-max(outputs.shape[1:3]) // PREVIEW_PX)
        outputs = outputs[:, ::step, ::step, :PREVIEW_MAPS]
    else:
        outputs = outputs.reshape(len(outputs), -1)[:, : PREVIEW_MAPS * PREVIEW_PX]
    scale = max(float(np.abs(outputs).max()), 1e-9) / 127
    quantised = (outputs / scale).round().astype(np.int8)
    return {"shape": list(outputs.shape[1:]), "scale": scale, "data": encode(quantised)}


def _photos(shown: Shown) -> list[dict[str, Any]]:
    columns = zip(shown.ids, shown.images, shown.labels, shown.predicted, shown.probabilities, strict=True)
    return [
        {
            "id": name,
            "pixels": encode(image),
            "label": int(label),
            "predicted": int(predicted),
            "probabilities": [float(share) for share in probabilities],
        }
        for name, image, label, predicted, probabilities in columns
    ]


def encode(array: np.ndarray) -> str:
    """Return an array's bytes as base64; float64 becomes float32, and every machine's order little-endian."""
    if array.dtype.kind == "f":
        array = array.astype("<f4")
    return base64.b64encode(np.ascontiguousarray(array).tobytes()).decode("ascii")
