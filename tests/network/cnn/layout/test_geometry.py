from math import ceil, floor
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pixelproof.errors import UserError
from pixelproof.network.cnn.layout.geometry import Window
from pixelproof.params.section import Padding, Pair, pair

SIDES = st.integers(1, 40)


@st.composite
def windows(draw: st.DrawFn, padding: st.SearchStrategy[Any]) -> Window:
    """Any window of a few pixels a side, with strides and dilations of its own along each axis."""
    pairs = st.tuples(st.integers(1, 5), st.integers(1, 5))
    return Window(draw(pairs), draw(pairs), draw(padding), draw(pairs))


def positions(window: Window, side: int, axis: int) -> int:
    """Slide the window along one axis, pixel by pixel, and count where it stops inside the padded image."""
    rings = 0 if window.padding == "valid" else window.padding
    assert isinstance(rings, int)
    taps = [window.dilation[axis] * tap for tap in range(window.size[axis])]
    padded = range(side + 2 * rings)
    starts = range(0, len(padded), window.stride[axis])
    return sum(all(start + tap in padded for tap in taps) for start in starts)


@pytest.mark.parametrize(
    ("side", "size", "stride", "padding", "expected"),
    [
        (300, 5, 1, "valid", 296),  # the article's convolution
        (296, 2, 2, "valid", 148),  # and its pooling
        (32, 5, 1, "valid", 28),
        (32, 3, 1, "valid", 30),
        (4, 2, 2, "valid", 2),
        (6, 3, 1, "valid", 4),
        (5, 2, 2, "valid", 2),  # rounded down: the last column is left over
        (32, 5, 1, 2, 32),
        (7, 3, 2, 1, 4),
        (7, 3, 2, 0, 3),
        (28, 3, 1, "same", 28),
        (7, 3, 2, "same", 4),
        (3, 9, 1, "same", 3),  # larger than the image, yet it fits
    ],
)
def test_the_output_has_the_size_of_the_formula(
    side: int, size: int, stride: int, padding: Padding, expected: int
) -> None:
    """Else the plan's shapes would not be (W - F + 2P)/S + 1, the article's."""
    assert Window((size, size), (stride, stride), padding).output(side, side) == (expected, expected)


def test_dilation_spreads_the_window() -> None:
    """Else a dilated window would count as small as an undilated one: 3 taps with gaps of 1 extent over 5 pixels."""
    window = Window((3, 3), (1, 1), "valid", (2, 4))
    assert (window.extent(0), window.extent(1)) == (5, 9)
    assert window.output(32, 32) == (28, 24)


def test_height_and_width_have_their_own_size_and_stride() -> None:
    """Else a rectangular window, or a rectangular image, would be computed along the wrong axis."""
    assert Window((3, 5), (1, 2), "valid").output(20, 31) == (18, 14)


@pytest.mark.parametrize(("size", "expected"), [(3, (3, 3)), ([3, 5], (3, 5))])
def test_one_number_stands_for_both_sides(size: int | list[int], expected: Pair) -> None:
    """Else `kernel: 3` and `kernel: [3, 5]` would not both work, or height and width would be swapped."""
    assert pair(size) == expected


@given(windows(st.just("valid") | st.integers(0, 3)), SIDES, SIDES)
def test_the_output_is_the_number_of_places_where_the_window_fits(window: Window, height: int, width: int) -> None:
    """Else the formula would not say what sliding the window does."""
    expected = positions(window, height, 0), positions(window, width, 1)
    assume(all(expected))
    assert window.output(height, width) == expected


@given(windows(st.just("valid") | st.integers(0, 3)), SIDES, SIDES)
def test_a_window_is_refused_exactly_where_it_fits_nowhere(window: Window, height: int, width: int) -> None:
    """Else an impossible network would be planned, or a possible one refused."""
    fits = positions(window, height, 0) > 0 and positions(window, width, 1) > 0
    try:
        window.output(height, width)
    except UserError:
        assert not fits
    else:
        assert fits


@given(windows(st.just("same")), SIDES, SIDES)
def test_same_padding_gives_one_output_per_stride(window: Window, height: int, width: int) -> None:
    """Else `padding: same` would not keep the size at stride 1, nor divide it by the stride, rounded up."""
    starts = len(range(0, height, window.stride[0])), len(range(0, width, window.stride[1]))
    assert window.output(height, width) == starts


@given(windows(st.sampled_from(["valid", "same"]) | st.integers(0, 3)), SIDES, SIDES)
def test_each_formula_ends_with_the_result_and_computes_it(window: Window, height: int, width: int) -> None:
    """Else the plan would show arithmetic that does not give the shape beside it."""
    assume(window.padding == "same" or (positions(window, height, 0) and positions(window, width, 1)))
    rows, columns = window.output(height, width)
    formulas = window.formula(height, width).split(", ")
    assert formulas[0].endswith(f" = {rows}")
    assert formulas[-1].endswith(f" = {columns}")
    assert len(formulas) == 1 or formulas[0] != formulas[1]
    for formula in formulas:
        left, _, result = formula.partition(" = ")
        assert eval(left, {"ceil": ceil, "floor": floor}) == int(result)


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        (Window((5, 5), (1, 1), "valid"), "(300 - 5 + 2*0)/1 + 1 = 296"),
        (Window((3, 3), (2, 2), 1, (2, 2)), "floor((300 - 5 + 2*1)/2) + 1 = 149"),
        (Window((3, 3), (7, 7), "same"), "ceil(300 / 7) = 43"),
        (Window((3, 5), (1, 1), "valid"), "(300 - 3 + 2*0)/1 + 1 = 298, (300 - 5 + 2*0)/1 + 1 = 296"),
    ],
)
def test_the_formula_is_written_out(window: Window, expected: str) -> None:
    """Else the plan would not show where a size comes from."""
    assert window.formula(300, 300) == expected


@pytest.mark.parametrize("height", [4, 40])
def test_a_window_that_does_not_fit_is_refused_with_a_remedy(height: int) -> None:
    """Else TensorFlow would say it, ten seconds later and in its own words; along either axis."""
    with pytest.raises(
        UserError, match=r"9 pixels does not fit into 6 \(input 4, 1 rings.*\)\. Make the window"
    ) as error:
        Window((5, 5), (1, 1), 1, (2, 2)).output(height, 4)
    assert "images larger" in str(error.value)
