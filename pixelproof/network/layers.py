"""What each kind of layer does to a shape, and how many numbers it learns. Pure arithmetic, no Keras.

Shapes are without the batch: (height, width, channels) for images, (features,) after flattening.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import prod

from pixelproof.errors import UserError
from pixelproof.network.geometry import Window, pair
from pixelproof.params.network import BatchNorm, Conv, Dense, Flatten, GlobalPool, Layer, Pool, ZeroPad

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Step:
    """One layer, computed: what comes out, what it learns, what it costs."""

    output_shape: Shape
    shape_formula: str = ""
    parameters: int = 0  # all numbers the layer holds
    parameters_formula: str = ""
    frozen: int = 0  # those of them that training does not change by gradients
    multiply_adds: int = 0  # for one image


def window(layer: Conv | Pool) -> Window:
    """Return the sliding window of a convolution or pooling layer."""
    if isinstance(layer, Conv):
        return Window(pair(layer.kernel), pair(layer.stride), layer.padding, pair(layer.dilation))
    return Window(pair(layer.size), pair(layer.stride or layer.size), layer.padding)


def step(layer: Layer, shape: Shape) -> Step:
    """Compute one layer on an input of `shape`. Raises UserError for a layer that cannot follow there."""
    compute = STEPS.get(type(layer), _unchanged)
    return compute(layer, shape)


def _image(shape: Shape, kind: str) -> tuple[int, int, int]:
    if len(shape) != 3:
        raise UserError(
            f"{kind} needs an image (height, width, channels), but its input has shape {list(shape)}. "
            "Move it before the layer that flattens"
        )
    return shape[0], shape[1], shape[2]


def _unchanged(layer: Layer, shape: Shape) -> Step:
    return Step(shape)


def _conv(layer: Conv, shape: Shape) -> Step:
    height, width, channels = _image(shape, layer.kind)
    slide = window(layer)
    kernel_height, kernel_width = slide.size
    output = (*slide.output(height, width), layer.filters)
    weights = kernel_height * kernel_width * channels
    bias = " + 1" if layer.bias else ""
    parameters = (weights + layer.bias) * layer.filters
    return Step(
        output,
        slide.formula(height, width),
        parameters,
        f"({kernel_height}*{kernel_width}*{channels}{bias})*{layer.filters} = {parameters}",
        multiply_adds=weights * prod(output),
    )


def _pool(layer: Pool, shape: Shape) -> Step:
    height, width, channels = _image(shape, layer.kind)
    slide = window(layer)
    return Step((*slide.output(height, width), channels), slide.formula(height, width))


def _global_pool(layer: GlobalPool, shape: Shape) -> Step:
    return Step((_image(shape, layer.kind)[2],))


def _zero_pad(layer: ZeroPad, shape: Shape) -> Step:
    height, width, channels = _image(shape, layer.kind)
    more = 2 * layer.rings
    formula = f"{height} + 2*{layer.rings} = {height + more}"
    return Step((height + more, width + more, channels), formula)


def _batch_norm(layer: BatchNorm, shape: Shape) -> Step:
    channels = shape[-1]  # scale and shift are learned, mean and variance are averages of the batches seen
    return Step(shape, "", 4 * channels, f"4*{channels} = {4 * channels}", frozen=2 * channels)


def _flatten(layer: Flatten, shape: Shape) -> Step:
    return Step((prod(shape),), f"{'*'.join(map(str, shape))} = {prod(shape)}")


def _dense(layer: Dense, shape: Shape) -> Step:
    if len(shape) != 1:
        raise UserError(
            f"dense needs a list of features, but its input is an image of shape {list(shape)}. "
            "Put a layer of kind flatten or global_average_pool before it"
        )
    return dense_step(shape[0], layer.units, bias=layer.bias)


def dense_step(inputs: int, units: int, *, bias: bool = True) -> Step:
    """Compute a fully connected layer: one weight per input and unit, and one bias per unit."""
    parameters = (inputs + bias) * units
    formula = f"({inputs}{' + 1' if bias else ''})*{units} = {parameters}"
    return Step((units,), "", parameters, formula, multiply_adds=inputs * units)


STEPS: dict[type, Callable[..., Step]] = {
    Conv: _conv,
    Pool: _pool,
    GlobalPool: _global_pool,
    ZeroPad: _zero_pad,
    BatchNorm: _batch_norm,
    Flatten: _flatten,
    Dense: _dense,
}
