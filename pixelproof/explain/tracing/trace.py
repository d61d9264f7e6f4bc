"""The trained network as it really is: its graph of layers, and what each layer makes of some photos."""

from typing import TYPE_CHECKING, Any

import numpy as np

from pixelproof.explain.tracing.kinds import describe
from pixelproof.explain.tracing.traced import TracedLayer

if TYPE_CHECKING:
    import keras


def trace(model: "keras.Model", photos: np.ndarray) -> list[TracedLayer]:
    """Return the layers of a functional Keras model in order, each after those that feed it.

    photos  uint8 (n, height, width, channels)
    A model within the model (a backbone) is one layer.
    """
    import keras

    nodes = calls(model)
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


def calls(model: "keras.Model") -> list[Any]:
    """Return the calls of layers that the model is made of, in order.

    Keras keeps them by their distance from the output, and has no public way to ask for them. A layer's own
    `output` will not do: that of a model within the model belongs to the inner graph.
    """
    by_depth = model._nodes_by_depth
    return [node for depth in sorted(by_depth, reverse=True) for node in by_depth[depth]]
