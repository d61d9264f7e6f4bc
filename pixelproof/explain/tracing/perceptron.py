"""scikit-learn's network as layers that the page knows: it scales the pixels, and sums."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from pixelproof.explain.tracing.kinds import Kind
from pixelproof.explain.tracing.traced import TracedLayer

if TYPE_CHECKING:
    from sklearn.pipeline import Pipeline

ACTIVATIONS = {"identity": "linear", "logistic": "sigmoid"}  # scikit-learn's names where they are not Keras's


def perceptron_layers(model: "Pipeline", shape: tuple[int, int, int]) -> list[TracedLayer]:
    """Return the layers of a fitted MLP for images of `shape` (height, width, channels), without outputs of photos."""
    return [_layer(number, *each) for number, each in enumerate(_kinds(model, shape))]


def _kinds(model: "Pipeline", shape: tuple[int, int, int]) -> Iterator[tuple[str, tuple[int, ...], Kind]]:
    """Yield the name, the shape of the output, and the kind of each layer."""
    network = model["mlp"]
    scale = (1 / np.asarray(model["scale"].scale_)).tolist()
    yield "input", shape, Kind("input")
    yield "flatten", (len(scale),), Kind("flatten")
    yield "scale", (len(scale),), Kind("rescaling", {"scale": scale, "offset": [0.0]})
    hidden = [network.activation] * (len(network.coefs_) - 1)
    for number, name in enumerate([*hidden, network.out_activation_]):
        kernel, bias = network.coefs_[number], network.intercepts_[number]
        kind = Kind("dense", {"activation": ACTIVATIONS.get(name, name)}, {"kernel": kernel, "bias": bias})
        yield f"dense{number + 1}", bias.shape, kind


def _layer(number: int, name: str, shape: tuple[int, ...], kind: Kind) -> TracedLayer:
    weights = sum(array.size for array in kind.weights.values())
    return TracedLayer(name, "MLPClassifier", [number - 1][:number], np.empty((0, *shape), np.float32), kind, weights)
