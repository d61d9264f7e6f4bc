"""What the page must know of a Keras layer to compute it: kind, options, weights.

Layers are told apart by the name of their class, so that nothing here imports Keras. A layer that is not listed,
or listed and used in a way the page cannot compute, is described as None and shown as a box.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

ACTIVATIONS = {"linear", "relu", "elu", "gelu", "leaky_relu", "sigmoid", "silu", "tanh", "softmax"}
L2_POOLING = {"InputLayer", "Square", "AveragePooling2D", "Multiply", "Greater", "Where", "Sqrt"}  # its operations
Options = Mapping[str, Any]


@dataclass(frozen=True)
class Kind:
    """A layer as the page computes it. Weights are float32, shaped as Keras shapes them."""

    name: str
    options: Options = field(default_factory=dict)
    weights: Mapping[str, np.ndarray] = field(default_factory=dict)


def describe(layer: Any) -> Kind | None:
    """Return the kind of a Keras layer; None where the page has no arithmetic for it."""
    activation = getattr(layer, "activation", None)
    if activation is not None and activation.__name__ not in ACTIVATIONS:
        return None
    if getattr(layer, "data_format", "channels_last") != "channels_last" or getattr(layer, "groups", 1) != 1:
        return None
    describer = DESCRIBERS.get(type(layer).__name__)
    kind = describer(layer) if describer else None
    return _rounded(kind) if kind and getattr(layer, "compute_dtype", "float32") == "bfloat16" else kind


def _rounded(kind: Kind) -> Kind:
    """Return the kind as a layer computes it with 16 bits: weights and outputs are rounded, sums are not."""
    options = {**kind.options, "rounding": "bfloat16"}
    if kind.name == "batch_norm":  # Keras computes it in float32
        return replace(kind, options=options)
    if kind.name == "rescaling":
        options |= {name: _with_16_bits(np.array(kind.options[name])).tolist() for name in ("scale", "offset")}
    return replace(kind, options=options, weights={name: _with_16_bits(array) for name, array in kind.weights.items()})


def _with_16_bits(array: np.ndarray) -> np.ndarray:
    """Round to the nearest bfloat16, which is the upper half of a float32; halfway to the even one."""
    bits = array.astype(np.float32).view(np.uint32)
    rounded: np.ndarray = (bits + 0x7FFF + ((bits >> 16) & 1)) & 0xFFFF0000
    return rounded.view(np.float32)


def _weights(layer: Any, **names: str) -> dict[str, np.ndarray]:
    """Return a layer's weights under the page's names, without those that the layer was built without."""
    held = {name: getattr(layer, attribute, None) for name, attribute in names.items()}
    return {name: np.asarray(value, np.float32) for name, value in held.items() if value is not None}


def _window(layer: Any, size: Any) -> dict[str, Any]:
    return {
        "size": list(size),
        "stride": list(layer.strides),
        "dilation": list(getattr(layer, "dilation_rate", (1, 1))),
        "padding": layer.padding,
    }


def _activated(layer: Any) -> dict[str, str]:
    return {"activation": layer.activation.__name__}


def _conv(layer: Any) -> Kind:
    options = _window(layer, layer.kernel_size) | _activated(layer)
    return Kind("conv", options, _weights(layer, kernel="kernel", bias="bias"))


def _depthwise(layer: Any) -> Kind:
    options = _window(layer, layer.kernel_size) | _activated(layer)
    return Kind("depthwise_conv", options, _weights(layer, depthwise="kernel", bias="bias"))


def _separable(layer: Any) -> Kind:
    options = _window(layer, layer.kernel_size) | _activated(layer)
    weights = _weights(layer, depthwise="depthwise_kernel", pointwise="pointwise_kernel", bias="bias")
    return Kind("separable_conv", options, weights)


def _pool(name: str) -> Callable[[Any], Kind]:
    return lambda layer: Kind(name, _window(layer, layer.pool_size))


def _network_within(layer: Any) -> Kind | None:
    """L2 pooling as `pixelproof.network.cnn.pooling` builds it; no other network within the network, as a backbone."""
    inside = {type(operation).__name__: operation for operation in layer.operations}
    if inside.keys() - {"ZeroPadding2D"} != L2_POOLING:
        return None
    padding = "same" if "ZeroPadding2D" in inside else "valid"
    means = inside["AveragePooling2D"]
    return Kind("l2_pool", {**_window(means, means.pool_size), "padding": padding})


def _global_pool(name: str) -> Callable[[Any], Kind | None]:
    return lambda layer: None if layer.keepdims else Kind(name)


def _zero_pad(layer: Any) -> Kind:
    return Kind("zero_pad", {"rings": [list(side) for side in layer.padding]})


def _batch_norm(layer: Any) -> Kind | None:
    if layer.axis not in (-1, layer.input_spec.ndim - 1):
        return None
    names = {"gamma": "gamma", "beta": "beta", "mean": "moving_mean", "variance": "moving_variance"}
    return Kind("batch_norm", {"epsilon": layer.epsilon}, _weights(layer, **names))


def _dense(layer: Any) -> Kind:
    return Kind("dense", _activated(layer), _weights(layer, kernel="kernel", bias="bias"))


def _rescaling(layer: Any) -> Kind:
    """One scale and offset, or one for each channel."""
    scale, offset = (np.ravel(value).tolist() for value in (layer.scale, layer.offset))
    return Kind("rescaling", {"scale": scale, "offset": offset})


def _along_channels(name: str) -> Callable[[Any], Kind | None]:
    return lambda layer: Kind(name) if layer.axis == -1 else None


def _constant(name: str) -> Callable[[Any], Kind]:
    return lambda layer: Kind(name)


DESCRIBERS: dict[str, Callable[[Any], Kind | None]] = {
    "InputLayer": _constant("input"),
    "Rescaling": _rescaling,
    "Conv2D": _conv,
    "DepthwiseConv2D": _depthwise,
    "SeparableConv2D": _separable,
    "MaxPooling2D": _pool("max_pool"),
    "AveragePooling2D": _pool("average_pool"),
    "Functional": _network_within,
    "GlobalMaxPooling2D": _global_pool("global_max_pool"),
    "GlobalAveragePooling2D": _global_pool("global_average_pool"),
    "ZeroPadding2D": _zero_pad,
    "BatchNormalization": _batch_norm,
    "Activation": lambda layer: Kind("activation", _activated(layer)),
    "Dropout": lambda layer: Kind("dropout", {"rate": layer.rate}),
    "Flatten": _constant("flatten"),
    "Dense": _dense,
    "Add": _constant("add"),
    "Concatenate": _along_channels("concatenate"),
    "Flip": _along_channels("flip"),
}
