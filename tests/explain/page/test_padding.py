"""Where the zeros of a padding stand, and how a size comes about."""

import numpy as np
import pytest

from pixelproof.explain.page.padding import sense, strips, zeros
from pixelproof.explain.tracing.kinds import Kind
from pixelproof.explain.tracing.traced import TracedLayer
from pixelproof.network.cnn.layout.geometry import Window


def layer(size: int, stride: int, dilation: int = 1) -> TracedLayer:
    options = {"size": [size, size], "stride": [stride, stride], "dilation": [dilation, dilation], "padding": "same"}
    return TracedLayer("conv", "Conv2D", [0], np.zeros((1, 1, 1, 1)), Kind("conv", options), 0)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("side", "size", "stride", "dilation"), [(7, 3, 1, 1), (8, 4, 1, 1), (8, 3, 2, 1), (9, 2, 3, 1), (9, 3, 1, 3)]
)
def test_the_zeros_stand_where_keras_puts_them(side: int, size: int, stride: int, dilation: int) -> None:
    """The number of ones that the first and the last window see tells how many zeros they see."""
    import keras

    ones = np.ones((1, side, 1, 1), np.float32)
    kernel = np.ones((size, 1, 1, 1), np.float32)
    seen = np.asarray(keras.ops.conv(ones, kernel, stride, "same", dilation_rate=dilation)).ravel()
    own = zeros(side, Window((size, size), (stride, stride), "same", (dilation, dilation)))
    places = np.arange(size) * dilation - own.before
    expected = [((places + stride * i >= 0) & (places + stride * i < side)).sum() for i in range(own.outputs)]
    assert seen.tolist() == expected


def test_an_odd_window_shares_its_zeros_out_and_an_even_one_cannot() -> None:
    """The drawing is there to show it."""
    shown = {(each.size, each.stride, each.name): each.zeros for row in strips() for each in row}
    assert [(own.before, own.after, own.outputs) for own in shown.values()] == [
        *[(0, 0, 4), (1, 1, 6), (2, 2, 8)],
        *[(0, 0, 5), (0, 1, 6), (2, 2, 9)],
        *[(0, 0, 2), (0, 1, 3), (2, 2, 4)],
    ]


def test_no_size_is_printed_without_its_sense() -> None:
    """`ceil(28 / 1) = 28` explains nothing."""
    said = sense(layer(3, 1), (28, 28, 1), "ceil(28 / 1) = 28")
    assert said == "same: 28 / 1 = 28; these need (28 − 1)·1 + 3 = 30 pixels of the 28: zeros: 1 before, 1 after"
    assert "9 / 2 rounded up = 5" in sense(layer(3, 2), (9, 9, 1), "")
    assert "height same: 9" in sense(layer(3, 2), (9, 8, 1), "")
    unknown = TracedLayer("block", "Functional", [0], np.zeros((1, 5, 5, 1)), None, 0)
    assert sense(unknown, (28, 28, 1), "ceil(28 / 1) = 28") == "⌈28 / 1⌉ = 28; ⌈ ⌉ rounds up"
    assert sense(unknown, (7, 7, 1), "floor((7 - 2 + 2*0)/2) + 1 = 3").startswith(
        "⌊(7 − 2 + 2·0)/2⌋ + 1 = 3; ⌊ ⌋ rounds down"
    )
