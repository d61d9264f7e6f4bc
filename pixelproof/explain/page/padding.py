"""Zeros around a picture: where they stand, and the sense of each size formula, in words and as a drawing."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pixelproof.explain.tracing.traced import TracedLayer
from pixelproof.network.cnn.layout.geometry import Window
from pixelproof.params.section import Padding

CELL = 10  # of a drawing, in SVG units
SIDE = 6  # pixels of the row that is drawn
WINDOWS = ((3, 1), (2, 1), (3, 2))  # (size, stride): odd, even, and a stride that leaves one zero to share out
PADDINGS: Mapping[str, Padding] = {"valid: no zeros": "valid", "same": "same", "2 rings of zeros": 2}


@dataclass(frozen=True)
class Zeros:
    """How many zeros stand before the first pixel of a row and after its last, and how many outputs there are."""

    before: int
    after: int
    outputs: int


def zeros(side: int, window: Window, axis: int = 0) -> Zeros:
    """Share the zeros out: with `same` half of what is missing stands before, the odd one behind, as in Keras."""
    outputs = window.output(side, side)[axis]
    if window.padding == "same":
        missing = max(0, (outputs - 1) * window.stride[axis] + window.extent(axis) - side)
        return Zeros(missing // 2, missing - missing // 2, outputs)
    rings = 0 if window.padding == "valid" else window.padding
    return Zeros(rings, rings, outputs)


@dataclass(frozen=True)
class Strip:
    """A row of pixels with its zeros, and each place of the window that slides over it."""

    name: str
    size: int
    stride: int
    zeros: Zeros

    @property
    def cells(self) -> Sequence[tuple[int, bool]]:
        """Where each square is drawn, and whether it is a zero."""
        around = self.zeros
        inside = range(around.before, around.before + SIDE)
        return [(CELL * i, i not in inside) for i in range(around.before + SIDE + around.after)]

    @property
    def places(self) -> Sequence[tuple[int, int]]:
        """The x and y of each place of the window, one below the other."""
        return [(CELL * self.stride * i, CELL + 4 + 5 * i) for i in range(self.zeros.outputs)]

    @property
    def words(self) -> str:
        before, after = self.zeros.before, self.zeros.after
        around = f"{before} before and {after} after" if before + after else "none"
        return f"{SIDE} pixels, zeros: {around}; outputs: {self.zeros.outputs}"


def strips() -> list[list[Strip]]:
    """Return a row of drawings for each window: valid, same and rings."""
    return [
        [_strip(name, size, stride, padding) for name, padding in PADDINGS.items()] for size, stride in WINDOWS
    ]  # fmt: skip


def _strip(name: str, size: int, stride: int, padding: Padding) -> Strip:
    return Strip(name, size, stride, zeros(SIDE, Window((size, size), (stride, stride), padding)))


def sense(layer: TracedLayer, inputs: Sequence[int], planned: str) -> str:
    """Return how a layer's height and width come about, with the sense of every rounding.

    inputs   the shape of the layer's input; planned: the formula as `plan` prints it
    """
    options: Mapping[str, Any] = layer.kind.options if layer.kind else {}
    if options.get("padding") != "same" or len(inputs) != 3:
        return _rounded(planned)
    size, stride, dilation = (tuple(options[name]) for name in ("size", "stride", "dilation"))
    window = Window(size, stride, "same", dilation)
    height, width = (_same(side, window, axis) for axis, side in enumerate(inputs[:2]))
    return height if height == width else f"height {height}; width {width}"


def _same(side: int, window: Window, axis: int) -> str:
    own, covered, stride = zeros(side, window, axis), window.extent(axis), window.stride[axis]
    up = " rounded up" if side % stride else ""
    needed = (own.outputs - 1) * stride + covered
    around = f"zeros: {own.before} before, {own.after} after" if needed > side else "no zeros"
    return (
        f"same: {side} / {stride}{up} = {own.outputs}; these need ({own.outputs} − 1)·{stride} + {covered} = {needed} "
        f"pixels of the {side}: {around}"
    )


def print_formula(planned: str) -> str:
    """Write a formula of `plan` with the signs of print."""
    return planned.replace("*", "·").replace(" - ", " − ")


def _rounded(planned: str) -> str:
    """Write a formula of `plan` as print does, and say what its roundings do."""
    text = re.sub(r"ceil\(([^()]*)\)", r"⌈\1⌉", planned)
    text = print_formula(re.sub(r"floor\((\([^()]*\)/\d+)\)", r"⌊\1⌋", text))
    if "⌊" in text:
        text += "; ⌊ ⌋ rounds down, so that what is left over at the right and bottom is not seen"
    return f"{text}; ⌈ ⌉ rounds up" if "⌈" in text else text
