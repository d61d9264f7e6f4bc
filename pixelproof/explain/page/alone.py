"""The classifier alone, as one HTML page: a photo in, an answer out, in a browser and without a network."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from pixelproof.errors import UserError
from pixelproof.explain.page.page import render
from pixelproof.explain.page.payload import described, own_photos
from pixelproof.explain.tracing.traced import TracedLayer
from pixelproof.files import write_text
from pixelproof.inference.classifier import Classifier

MAX_BYTES = 96 * 2**20  # of weights: base64 makes a third more of them, and a phone must hold the page

REMEDY = "Export the model to onnx, litert or saved_model."


def write_page(classifier: Classifier, path: Path) -> None:
    """Write a page that answers photos as the classifier does, within 1e-3; weights are float32.

    Raises UserError where the page cannot compute a layer, or there are too many weights for a page.
    """
    layers, mirrored = _layers(classifier)
    _check(layers)
    preprocessing = asdict(classifier.preprocessing)
    classes = preprocessing.pop("classes")
    network = {"classes": classes, "layers": [_entry(layer) for layer in layers]}
    context = {
        "classes": classes,
        "width": preprocessing["width_px"],
        "height": preprocessing["height_px"],
        "parameters": sum(layer.parameters for layer in layers),
        "network": network | own_photos(preprocessing, mirrored=mirrored),
    }
    write_text(path, render(context, "alone.html", "alone.js"))


def _layers(classifier: Classifier) -> tuple[list[TracedLayer], bool]:
    """Return the network's layers, and whether it answers for the mirror image, too."""
    shape, model = classifier.preprocessing.shape, classifier.model
    if hasattr(model, "predict_proba"):  # scikit-learn's
        from pixelproof.explain.tracing.perceptron import perceptron_layers

        return perceptron_layers(model, shape), False
    from pixelproof.explain.tracing.trace import trace
    from pixelproof.network.cnn.saved.mirroring import without_flip_averaging

    network = without_flip_averaging(model)
    return trace(network, np.zeros((1, *shape), np.uint8)), network is not model


def _check(layers: Sequence[TracedLayer]) -> None:
    for layer in layers:
        if layer.kind is None:
            raise UserError(f"layer {layer.name}: a page has no arithmetic for it ({layer.class_name}). {REMEDY}")
    size = sum(weights.nbytes for layer in layers if layer.kind for weights in layer.kind.weights.values())
    if size > MAX_BYTES:
        raise UserError(f"{size / 2**20:.0f} MiB of weights: a page holds {MAX_BYTES / 2**20:.0f} at most. {REMEDY}")


def _entry(layer: TracedLayer) -> dict[str, Any]:
    outline = {"name": layer.name, "inputs": list(layer.inputs), "shape": list(layer.shape)}
    return outline | described(layer)
