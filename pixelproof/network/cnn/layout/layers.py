"""Each kind of layer's output shape, parameters and costs. Pure arithmetic, no Keras.

Shapes leave out the batch: (height, width, channels) for images, (features,) after flattening.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Literal

from pixelproof.errors import UserError
from pixelproof.network.cnn.layout.geometry import Window
from pixelproof.params.cnn import (
    BatchNorm,
    Conv,
    Dense,
    Flatten,
    GlobalPool,
    HeadKind,
    Layer,
    Pool,
    SeparableConv,
    ZeroPad,
)
from pixelproof.params.section import Section, pair

Shape = tuple[int, ...]
Windowed = Conv | SeparableConv | Pool


class Add(Section):
    """The sum at the end of a residual block."""

    kind: Literal["add"] = "add"


class Output(Section):
    """The output layer, which follows from the head and the classes."""

    kind: Literal["dense"] = "dense"
    units: int
    activation: HeadKind


@dataclass(frozen=True)
class ComputedLayer:
    """A layer's output shape, parameters and costs, for one input shape."""

    output_shape: Shape
    shape_formula: str = ""
    parameters: int = 0  # trainable or not
    parameters_formula: str = ""
    frozen: int = 0  # parameters that gradients do not change
    multiply_adds: int = 0  # for one image
    inner_values: int = 0  # for one image: values computed on the way to the output of a whole backbone

    @property
    def activation_bytes(self) -> int:
        """Bytes of what the layer computes for one image, as float32."""
        return 4 * (self.inner_values or prod(self.output_shape))


def window(layer: Windowed) -> Window:
    """Return the sliding window of a convolution or pooling layer."""
    if isinstance(layer, Pool):
        return Window(pair(layer.size), pair(layer.stride or layer.size), layer.padding)
    return Window(pair(layer.kernel), pair(layer.stride), layer.padding, pair(layer.dilation))


def compute_layer(layer: Layer | Add | Output, shape: Shape) -> ComputedLayer:
    """Compute one layer on an input of `shape`. Raises UserError if the layer cannot take it."""
    return COMPUTE.get(type(layer), _unchanged)(layer, shape)


def _image(shape: Shape, kind: str) -> tuple[int, int, int]:
    if len(shape) != 3:
        raise UserError(
            f"{kind} needs an image (height, width, channels), but its input has shape {list(shape)}. "
            "Move it before the layer that flattens"
        )
    return shape[0], shape[1], shape[2]


def _unchanged(layer: object, shape: Shape) -> ComputedLayer:
    return ComputedLayer(shape)


def _conv(layer: Conv, shape: Shape) -> ComputedLayer:
    height, width, channels = _image(shape, layer.kind)
    slide = window(layer)
    kernel_height, kernel_width = slide.size
    output = (*slide.output(height, width), layer.filters)
    weights = kernel_height * kernel_width * channels
    bias = " + 1" if layer.bias else ""
    parameters = (weights + layer.bias) * layer.filters
    return ComputedLayer(
        output,
        slide.formula(height, width),
        parameters,
        f"({kernel_height}*{kernel_width}*{channels}{bias})*{layer.filters} = {parameters}",
        multiply_adds=weights * prod(output),
    )


def _separable_conv(layer: SeparableConv, shape: Shape) -> ComputedLayer:
    height, width, channels = _image(shape, layer.kind)
    slide = window(layer)
    rows, columns = slide.output(height, width)
    kernel_height, kernel_width = slide.size
    between = channels * layer.depth_multiplier
    alone, across = kernel_height * kernel_width * between, between * layer.filters
    parameters = alone + across + layer.bias * layer.filters
    each = f"{kernel_height}*{kernel_width}*{channels}*{layer.depth_multiplier}"
    return ComputedLayer(
        (rows, columns, layer.filters),
        slide.formula(height, width),
        parameters,
        f"{each} + ({between}{' + 1' if layer.bias else ''})*{layer.filters} = {parameters}",
        multiply_adds=(alone + across) * rows * columns,
    )


def _pool(layer: Pool, shape: Shape) -> ComputedLayer:
    height, width, channels = _image(shape, layer.kind)
    slide = window(layer)
    return ComputedLayer((*slide.output(height, width), channels), slide.formula(height, width))


def _global_pool(layer: GlobalPool, shape: Shape) -> ComputedLayer:
    return ComputedLayer((_image(shape, layer.kind)[2],))


def _zero_pad(layer: ZeroPad, shape: Shape) -> ComputedLayer:
    height, width, channels = _image(shape, layer.kind)
    more = 2 * layer.rings
    rows, columns = (f"{side} + 2*{layer.rings} = {side + more}" for side in (height, width))
    formula = rows if rows == columns else f"{rows}, {columns}"
    return ComputedLayer((height + more, width + more, channels), formula)


def _batch_norm(layer: BatchNorm, shape: Shape) -> ComputedLayer:
    channels = shape[-1]  # scale and shift are trained, mean and variance are moving averages
    return ComputedLayer(shape, "", 4 * channels, f"4*{channels} = {4 * channels}", frozen=2 * channels)


def _flatten(layer: Flatten, shape: Shape) -> ComputedLayer:
    return ComputedLayer((prod(shape),), f"{'*'.join(map(str, shape))} = {prod(shape)}")


def _dense(layer: Dense, shape: Shape) -> ComputedLayer:
    if len(shape) != 1:
        raise UserError(
            f"dense needs a list of features, but its input is an image of shape {list(shape)}. "
            "Put a layer of kind flatten or global_average_pool before it"
        )
    return compute_dense(shape[0], layer.units, bias=layer.bias)


def _output(layer: Output, shape: Shape) -> ComputedLayer:
    return compute_dense(shape[0], layer.units)


def compute_dense(inputs: int, units: int, *, bias: bool = True) -> ComputedLayer:
    """Compute a fully connected layer: one weight per input and unit, and one bias per unit."""
    parameters = (inputs + bias) * units
    formula = f"({inputs}{' + 1' if bias else ''})*{units} = {parameters}"
    return ComputedLayer((units,), "", parameters, formula, multiply_adds=inputs * units)


COMPUTE: dict[type, Callable[..., ComputedLayer]] = {
    Conv: _conv,
    SeparableConv: _separable_conv,
    Pool: _pool,
    GlobalPool: _global_pool,
    ZeroPad: _zero_pad,
    BatchNorm: _batch_norm,
    Flatten: _flatten,
    Dense: _dense,
    Output: _output,
}
