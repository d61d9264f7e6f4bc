"""A saved CNN cut in two: before and behind its last maps, and before its output layer."""

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np

from pixelproof.network.cnn.saved.mirroring import without_flip_averaging

PASSES_ON = ("MaxPooling2D", "AveragePooling2D", "Dropout", "ZeroPadding2D", "Functional")  # the last: an L2 pooling


@dataclass(frozen=True)
class Halves:
    """A network as two: images to maps (n, rows, columns, channels), and maps to what its output layer takes."""

    layer: str  # whose output the maps are
    before: keras.Model
    behind: keras.Model


def halves(network: keras.Model) -> Halves | None:
    """Cut a network behind its last layer with maps; None where no layer with weights has any.

    Poolings at the end are behind the cut: the maps before them say more exactly where something is.
    """
    calls = [call for call in _calls(network) if len(call.output_tensors[0].shape) == 4]
    filters = [number for number, call in enumerate(calls) if _has_filters(call.operation)]
    if not filters:
        return None
    last = max(number for number, call in enumerate(calls) if number in filters or not _passes_on(call.operation))
    maps = calls[last].output_tensors[0]
    before = keras.Model(network.inputs[0], maps)
    return Halves(calls[last].operation.name, before, keras.Model(maps, _output_call(network).input_tensors[0]))


def features_model(network: keras.Model) -> keras.Model:
    """Return the network without its output layer: images to the activations that this layer takes, (n, features)."""
    return keras.Model(network.inputs[0], _output_call(network).input_tensors[0])


def features_and_outputs(network: keras.Model) -> keras.Model:
    """Return the network with two outputs, what its output layer takes and what it gives: one pass computes both."""
    return keras.Model(network.inputs[0], [_output_call(network).input_tensors[0], network.outputs[0]])


def scores(features: Any, network: keras.Model) -> Any:
    """Return the output layer's sums before softmax or sigmoid, float32 (n, outputs), as a tensor of the backend."""
    layer = _output_call(network).operation
    return keras.ops.matmul(keras.ops.cast(features, "float32"), layer.kernel) + layer.bias


def flips(model: keras.Model) -> tuple[keras.Model, list[bool]]:
    """Return the network itself, and which images it sees: as they are (False), and their mirror images (True)."""
    network = without_flip_averaging(model)
    return network, [False] if network is model else [False, True]


def mirrored(images: np.ndarray) -> np.ndarray:
    """Swap left and right of (n, height, width, ...)."""
    return images[:, :, ::-1]


def _calls(network: keras.Model) -> list[Any]:
    """Return the calls of layers in order. Keras has no public way to ask for them."""
    by_depth = network._nodes_by_depth
    return [call for depth in sorted(by_depth, reverse=True) for call in by_depth[depth]]


def _output_call(network: keras.Model) -> Any:
    return _calls(network)[-1]


def _has_filters(operation: Any) -> bool:
    """Tell whether a layer is a convolution, or a network of them."""
    weighs = isinstance(operation, keras.Layer) and operation.count_params() > 0
    return weighs and ("Conv" in type(operation).__name__ or isinstance(operation, keras.Model))


def _passes_on(operation: Any) -> bool:
    """Tell whether a layer finds nothing itself, but hands on what those before it have found."""
    return type(operation).__name__ in PASSES_ON
