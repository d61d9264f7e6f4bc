"""From the nodes of a layout to Keras layers."""

from collections.abc import Sequence
from typing import Any

import keras

from pixelproof.network.cnn.applications import backbone_model, preprocess
from pixelproof.network.cnn.layout.geometry import Window
from pixelproof.network.cnn.layout.layers import Add, Output, Windowed, window
from pixelproof.network.cnn.layout.nodes import INPUT, Node, zeros_name
from pixelproof.network.cnn.pooling import l2_pooling
from pixelproof.params.cnn import (
    ActivationLayer,
    Backbone,
    BatchNorm,
    Cnn,
    Dense,
    Dropout,
    Flatten,
    GlobalPool,
    Pool,
    SeparableConv,
    ZeroPad,
)

POOLINGS = {"max_pool": keras.layers.MaxPooling2D, "average_pool": keras.layers.AveragePooling2D}
GLOBAL_POOLINGS = {
    "global_max_pool": keras.layers.GlobalMaxPooling2D,
    "global_average_pool": keras.layers.GlobalAveragePooling2D,
}


def assemble(nodes: Sequence[Node], images: Any, cnn: Cnn) -> Any:
    """Return the output of the last node. `images`: pixels 0-255, a symbolic tensor (n, height, width, channels)."""
    outputs = {INPUT: preprocess(images, cnn.backbone)}
    for node in nodes:
        sources = [outputs[name] for name in node.inputs]
        outputs[node.name] = _apply(node, sources)
    return outputs[nodes[-1].name]


def _apply(node: Node, sources: list[Any]) -> Any:
    if isinstance(node.layer, Add):
        return keras.layers.Add(name=node.name)(sources)
    (source,) = sources
    if isinstance(node.layer, Backbone):
        return backbone_model(node.layer, source.shape[1:])(source)
    if isinstance(node.layer, Windowed):
        zeros = zeros_name(node)
        if zeros:
            source = keras.layers.ZeroPadding2D(node.layer.padding, name=zeros)(source)
        padding = "valid" if zeros else str(node.layer.padding)
        return _windowed_layer(node.name, node.layer, window(node.layer), padding, source.shape[1:])(source)
    return _unwindowed_layer(node.name, node.layer)(source)


def _windowed_layer(name: str, layer: Windowed, slide: Window, padding: str, shape: Any) -> keras.Layer:
    if isinstance(layer, Pool) and layer.kind == "l2_pool":
        return l2_pooling(shape, slide.size, slide.stride, padding, name)
    if isinstance(layer, Pool):
        return POOLINGS[layer.kind](slide.size, slide.stride, padding, name=name)
    options: dict[str, Any] = {"activation": layer.activation, "use_bias": layer.bias, "name": name}
    if isinstance(layer, SeparableConv):
        kind = keras.layers.SeparableConv2D
        options["depth_multiplier"] = layer.depth_multiplier
    else:
        kind = keras.layers.Conv2D
    return kind(layer.filters, slide.size, slide.stride, padding, dilation_rate=slide.dilation, **options)


def _unwindowed_layer(name: str, layer: object) -> keras.Layer:
    match layer:
        case GlobalPool():
            return GLOBAL_POOLINGS[layer.kind](name=name)
        case ZeroPad():
            return keras.layers.ZeroPadding2D(layer.rings, name=name)
        case BatchNorm():
            return keras.layers.BatchNormalization(momentum=layer.momentum, name=name)
        case ActivationLayer():
            return keras.layers.Activation(layer.activation, name=name)
        case Dropout():
            return keras.layers.Dropout(layer.rate, name=name)
        case Flatten():
            return keras.layers.Flatten(name=name)
        case Dense():
            return keras.layers.Dense(layer.units, layer.activation, use_bias=layer.bias, name=name)
        case Output():  # probabilities in float32, whatever precision the layers before it have
            return keras.layers.Dense(layer.units, layer.activation, name=name, dtype="float32")
    raise AssertionError(f"no Keras layer for {layer!r}")
