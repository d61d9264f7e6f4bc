"""Output sizes of convolution and pooling, with the formula written out, and receptive fields.

The formula is the article's, (W - F + 2P)/S + 1, rounded down; with dilation D the window covers
D(F - 1) + 1 pixels (Dumoulin and Visin, "A guide to convolution arithmetic for deep learning", 2016).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from pixelproof.errors import UserError
from pixelproof.params.section import Padding, Pair


@dataclass(frozen=True)
class Window:
    """A sliding window: a convolution kernel or a pooling window. Sizes are (height, width) in pixels."""

    size: Pair
    stride: Pair
    padding: Padding
    dilation: Pair = (1, 1)

    def extent(self, axis: int) -> int:
        """Return how many pixels the window covers along an axis, dilation included."""
        return self.dilation[axis] * (self.size[axis] - 1) + 1

    def output(self, height: int, width: int) -> Pair:
        """Return (height, width) of the output. Raises UserError if the window does not fit."""
        return self._side(height, 0), self._side(width, 1)

    def _side(self, side: int, axis: int) -> int:
        if self.padding == "same":
            return -(-side // self.stride[axis])
        rings = 0 if self.padding == "valid" else self.padding
        if self.extent(axis) > side + 2 * rings:
            raise UserError(
                f"a window of {self.extent(axis)} pixels does not fit into {side + 2 * rings} "
                f"(input {side}, {rings} rings of zeros). "
                "Make the window or the strides before it smaller, or the images larger"
            )
        return (side - self.extent(axis) + 2 * rings) // self.stride[axis] + 1

    def before(self, side: int, axis: int) -> int:
        """Return how many pixels of padding precede an input of `side` pixels: TensorFlow's, of which the last side
        gets one more where the number is odd."""
        if self.padding == "same":
            return max((self._side(side, axis) - 1) * self.stride[axis] + self.extent(axis) - side, 0) // 2
        return 0 if self.padding == "valid" else self.padding

    def formula(self, height: int, width: int) -> str:
        """Return the arithmetic of `output`, along the height and, where it differs, along the width."""
        rows, columns = self._formula(height, 0), self._formula(width, 1)
        return rows if rows == columns else f"{rows}, {columns}"

    def _formula(self, side: int, axis: int) -> str:
        stride, result = self.stride[axis], self._side(side, axis)
        if self.padding == "same":
            return f"ceil({side} / {stride}) = {result}"
        rings = 0 if self.padding == "valid" else self.padding
        span = f"({side} - {self.extent(axis)} + 2*{rings})/{stride}"
        exact = (side - self.extent(axis) + 2 * rings) % stride == 0  # else pixels are left over at the far edge
        return f"{span if exact else f'floor({span})'} + 1 = {result}"


@dataclass(frozen=True)
class ReceptiveField:
    """What an output pixel sees of the image, as (height, width) in pixels.

    `size`: of the field, including what lies beyond the edges; `stride`: the distance to the next output pixel's field;
    `start`: where the first one's begins, below 0 where it begins in the padding
    (Araujo, Norris and Sim, "Computing receptive fields of convolutional neural networks", Distill, 2019).
    """

    size: Pair = (1, 1)
    stride: Pair = (1, 1)
    start: Pair = (0, 0)

    def through(self, window: Window, sides: Sequence[int]) -> "ReceptiveField":
        """Return the receptive field after a window over outputs with this one, which are `sides` high and wide."""
        rows, columns = (self.size[axis] + (window.extent(axis) - 1) * self.stride[axis] for axis in (0, 1))
        down, right = (self.stride[axis] * window.stride[axis] for axis in (0, 1))
        top, left = (self.start[axis] - window.before(sides[axis], axis) * self.stride[axis] for axis in (0, 1))
        return ReceptiveField((rows, columns), (down, right), (top, left))

    def within(self, rings: int) -> "ReceptiveField":
        """Return the receptive field of outputs with this one after so many rings of zeros around them."""
        top, left = (self.start[axis] - rings * self.stride[axis] for axis in (0, 1))
        return ReceptiveField(self.size, self.stride, (top, left))


def widest(fields: Sequence[ReceptiveField]) -> ReceptiveField:
    """Return the receptive field of the sum of several outputs: the largest along each axis."""
    return ReceptiveField(
        (max(field.size[0] for field in fields), max(field.size[1] for field in fields)),
        (max(field.stride[0] for field in fields), max(field.stride[1] for field in fields)),
        (min(field.start[0] for field in fields), min(field.start[1] for field in fields)),
    )
