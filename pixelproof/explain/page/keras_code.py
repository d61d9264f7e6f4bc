"""The user's network as Keras code that builds it, layer by layer."""

import keyword
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from pixelproof.explain.tracing.traced import TracedLayer

Options = Mapping[str, Any]


def keras_code(layers: Sequence[TracedLayer]) -> str:
    """Return a program whose `model` has these layers, by their names, with weights of its own.

    A layer that the page cannot take apart is a comment, and what follows it does not run.
    """
    names = [_identifier(layer.name) for layer in layers]
    lines = [_line(layer, names[i], [names[number] for number in layer.inputs]) for i, layer in enumerate(layers)]
    first = next(name for name, layer in zip(names, layers, strict=True) if not layer.inputs)
    return "\n".join(
        ["import keras", "from keras import layers", "", *lines, f"model = keras.Model({first}, {names[-1]})"]
    )


def _identifier(name: str) -> str:
    made = re.sub(r"\W", "_", name)
    return f"_{made}" if not made.isidentifier() or keyword.iskeyword(made) or made in ("keras", "layers") else made


def _line(layer: TracedLayer, own: str, inputs: Sequence[str]) -> str:
    if layer.kind is None:
        return f"# {own}: a {layer.class_name} of {layer.parameters:,} parameters, as saved in models/cnn"
    if layer.kind.name == "input":
        return f'{own} = keras.Input({layer.shape}, name="{layer.name}")'
    if layer.kind.name == "flip":
        return f"{own} = keras.ops.flip({inputs[0]}, axis=-1)"
    if layer.kind.name == "l2_pool":
        return _l2_pool(layer.kind.options, own, inputs[0])
    name, options = WRITE[layer.kind.name](layer)
    written = ", ".join([*options, f'name="{layer.name}"'])
    fed = inputs[0] if len(inputs) == 1 else f"[{', '.join(inputs)}]"
    return f"{own} = layers.{name}({written})({fed})"


def _l2_pool(options: Options, own: str, fed: str) -> str:
    """Keras has no such layer: the mean of the squares times their number, and its root."""
    rows, columns = options["size"]
    pooled = f"layers.AveragePooling2D(({rows}, {columns}), {tuple(options['stride'])})"
    return f"{own} = keras.ops.sqrt({rows * columns} * {pooled}({fed} ** 2))"


def _square(sides: Sequence[int]) -> str:
    return str(sides[0]) if len(set(sides)) == 1 else str(tuple(sides))


def _slides(options: Options, usual: Sequence[int] = (1, 1)) -> list[str]:
    """Write how a window slides; a stride that Keras takes without being told is left out."""
    written = [_square(options["size"])]
    if list(options["stride"]) != list(usual):
        written.append(f"strides={_square(options['stride'])}")
    if options["padding"] != "valid":
        written.append(f'padding="{options["padding"]}"')
    if set(options["dilation"]) != {1}:
        written.append(f"dilation_rate={_square(options['dilation'])}")
    return written


def _activation(layer: TracedLayer) -> list[str]:
    assert layer.kind is not None
    name = layer.kind.options["activation"]
    without = [] if "bias" in layer.kind.weights else ["use_bias=False"]
    return ([] if name == "linear" else [f'activation="{name}"']) + without


def _conv(layer: TracedLayer) -> tuple[str, list[str]]:
    return "Conv2D", [str(layer.shape[2]), *_slides(_options(layer)), *_activation(layer)]


def _separable(layer: TracedLayer) -> tuple[str, list[str]]:
    multiplier = _weights(layer)["depthwise"].shape[3]
    return "SeparableConv2D", [
        *[str(layer.shape[2]), *_slides(_options(layer)), f"depth_multiplier={multiplier}", *_activation(layer)]
    ]


def _depthwise(layer: TracedLayer) -> tuple[str, list[str]]:
    multiplier = _weights(layer)["depthwise"].shape[3]
    return "DepthwiseConv2D", [*_slides(_options(layer)), f"depth_multiplier={multiplier}", *_activation(layer)]


def _options(layer: TracedLayer) -> Options:
    return layer.kind.options if layer.kind else {}


def _weights(layer: TracedLayer) -> Mapping[str, Any]:
    return layer.kind.weights if layer.kind else {}


def _pool(name: str) -> Callable[[TracedLayer], tuple[str, list[str]]]:
    return lambda layer: (name, _slides(_options(layer), _options(layer)["size"]))


def _plain(name: str) -> Callable[[TracedLayer], tuple[str, list[str]]]:
    return lambda layer: (name, [])


def _batch_norm(layer: TracedLayer) -> tuple[str, list[str]]:
    without = [
        f"{name}=False" for name, held in (("center", "beta"), ("scale", "gamma")) if held not in _weights(layer)
    ]
    return "BatchNormalization", [f"epsilon={_options(layer)['epsilon']:g}", *without]


def _rescaling(layer: TracedLayer) -> tuple[str, list[str]]:
    scale, offset = (
        each[0] if len(each) == 1 else each for each in (_options(layer)["scale"], _options(layer)["offset"])
    )
    return "Rescaling", [str(scale)] + ([f"offset={offset}"] if offset else [])


WRITE: Mapping[str, Callable[[TracedLayer], tuple[str, list[str]]]] = {
    "conv": _conv,
    "separable_conv": _separable,
    "depthwise_conv": _depthwise,
    "rescaling": _rescaling,
    "max_pool": _pool("MaxPooling2D"),
    "average_pool": _pool("AveragePooling2D"),
    "global_max_pool": _plain("GlobalMaxPooling2D"),
    "global_average_pool": _plain("GlobalAveragePooling2D"),
    "zero_pad": lambda layer: ("ZeroPadding2D", [str(tuple(tuple(side) for side in _options(layer)["rings"]))]),
    "batch_norm": _batch_norm,
    "activation": lambda layer: ("Activation", [f'"{_options(layer)["activation"]}"']),
    "dropout": lambda layer: ("Dropout", [f"{_options(layer)['rate']:g}"]),
    "flatten": _plain("Flatten"),
    "dense": lambda layer: ("Dense", [str(layer.shape[0]), *_activation(layer)]),
    "add": _plain("Add"),
    "concatenate": _plain("Concatenate"),
}
