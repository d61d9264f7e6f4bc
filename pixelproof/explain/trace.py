"""The trained network as it really is: its graph of layers, and what each layer makes of some photos."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from pixelproof.explain.kinds import Kind, describe

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class TracedLayer:
    """A layer of the trained network, with what it makes of the photos."""

    name: str
    class_name: str  # Keras's
    inputs: Sequence[int]  # which layers before it feed it
    outputs: np.ndarray  # float32 (photos, *shape)
    kind: Kind | None  # None: the page has no arithmetic for it
    parameters: int

    @property
    def shape(self) -> tuple[int, ...]:
        return self.outputs.shape[1:]

    @property
    def multiply_adds(self) -> int:
        """The products that one photo needs; 0 for layers without a matrix of weights."""
        if self.kind is None or "conv" not in self.kind.name:
            return 0
        positions = prod(self.shape[:2])
        return positions * sum(weights.size for name, weights in self.kind.weights.items() if name != "bias")


def trace(model: "keras.Model", photos: np.ndarray) -> list[TracedLayer]:
    """Return the layers of a functional Keras model in order, each after those that feed it.

    photos  uint8 (n, height, width, channels)
    A model within the model (a backbone) is one layer.
    """
    import keras

    nodes = _nodes(model)
    numbers = {id(tensor): number for number, node in enumerate(nodes) for tensor in node.output_tensors}
    tapped = keras.Model(model.inputs, [node.output_tensors[0] for node in nodes])
    outputs = tapped.predict_on_batch(photos.astype(np.float32))
    return [
        TracedLayer(
            name=node.operation.name,
            class_name=type(node.operation).__name__,
            inputs=[numbers[id(tensor)] for tensor in node.input_tensors],
            outputs=np.asarray(output, np.float32),
            kind=describe(node.operation),
            parameters=node.operation.count_params() if isinstance(node.operation, keras.Layer) else 0,
        )
        for node, output in zip(nodes, outputs, strict=True)
    ]


def _nodes(model: "keras.Model") -> list[Any]:
    """Return the calls of layers that the model is made of, in order.

    Keras keeps them by their distance from the output, and has no public way to ask for them. A layer's own
    `output` will not do: that of a model within the model belongs to the inner graph.
    """
    by_depth = model._nodes_by_depth
    return [node for depth in sorted(by_depth, reverse=True) for node in by_depth[depth]]
