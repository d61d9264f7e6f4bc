import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.signal import correlate2d

from pixelproof.errors import UserError
from pixelproof.explain.pictures.arithmetic import convolve, patches, pool, surround
from pixelproof.explain.pictures.cases import ARTICLE_IMAGE, ARTICLE_WEIGHTS, five_cases, three_poolings

FOUR = np.arange(16).reshape(4, 4)


def test_the_articles_six_by_six_example() -> None:
    """The page writes these numbers out; a flipped or shifted window would give others."""
    assert convolve(ARTICLE_IMAGE, ARTICLE_WEIGHTS).tolist() == [
        [429, 505, 686, 856],
        [261, 792, 412, 640],
        [633, 653, 851, 751],
        [608, 913, 713, 657],
    ]


def test_the_widths_of_the_articles_five_cases() -> None:
    """Each case is there to show what happens to the size."""
    shapes = [(case.image.shape, [output.shape for output in case.outputs]) for case in five_cases(FOUR)]
    assert shapes == [
        ((4, 4), [(4, 4)]),
        ((4, 4), [(4, 3)]),
        ((4, 4), [(4, 5), (4, 4)]),
        ((4, 4), [(4, 3), (4, 3), (4, 3)]),
        ((4, 4), [(3, 3)]),
    ]


def test_the_numbers_of_the_five_cases() -> None:
    """The first output of each, by hand: pixels 0 1 / 4 5 and weights 1 0.3 / 0.1 5."""
    firsts = [[output[0, 0] for output in case.outputs] for case in five_cases(FOUR)]
    assert firsts == [[0], [0.3], [0, 0.3], [0.3, 5, 5.3], [pytest.approx(0.3 + 0.4 + 25)]]


def test_zeros_bring_the_width_back() -> None:
    """The article's third case is there for that: from 4 to 3, and back."""
    case = five_cases(FOUR)[2]
    assert case.width == "4 → 5 or 4"
    assert [each.shape for each in case.padded] == [(4, 6), (4, 5)]


def test_the_two_pairs_are_combined_as_a_single_pair_would() -> None:
    """The page says so, of the weights 1.1 and 5.3."""
    case = five_cases(FOUR)[3]
    assert "1.1 and 5.3" in case.says
    np.testing.assert_allclose(case.outputs[2], convolve(FOUR, np.array([[1.1, 5.3]])))


def test_the_three_poolings_of_four_by_four() -> None:
    """Half the height and width, and each kind another number."""
    by_kind = {pooled.kind: pooled.output for pooled in three_poolings(FOUR)}
    assert by_kind["max"].tolist() == [[5, 7], [13, 15]]
    assert by_kind["average"].tolist() == [[2.5, 4.5], [10.5, 12.5]]
    assert by_kind["l2"][0, 0] == np.sqrt(0 + 1 + 16 + 25)


def test_pooling_keeps_the_channels_apart() -> None:
    """Else pooling would change the depth."""
    both = pool(np.stack([FOUR, -FOUR], axis=2), 2)
    assert both[..., 0].tolist() == [[5, 7], [13, 15]]
    assert both[..., 1].tolist() == [[0, -2], [-8, -10]]


def test_l2_pooling_of_bytes_does_not_overflow() -> None:
    """255 squared is no byte, and photos are bytes."""
    assert pool(np.full((2, 2), 255, np.uint8), 2, kind="l2").tolist() == [[510]]


@given(
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    size=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    stride=st.integers(1, 3),
    rings=st.integers(0, 2),
)
def test_it_agrees_with_scipy(height: int, width: int, size: tuple[int, int], stride: int, rings: int) -> None:
    """An independent implementation, on every geometry; where the window does not fit, a refusal."""
    rng = np.random.default_rng([height, width, *size])
    image, weights = rng.integers(0, 256, (height, width)), rng.integers(-5, 6, size)
    if size[0] > height + 2 * rings or size[1] > width + 2 * rings:
        with pytest.raises(UserError, match="does not fit"):
            convolve(image, weights, stride=stride, rings=rings)
        return
    expected = correlate2d(np.pad(image, rings), weights, mode="valid")[::stride, ::stride]
    np.testing.assert_array_equal(convolve(image, weights, stride=stride, rings=rings), expected)


def test_a_filter_for_colours_sums_over_the_channels() -> None:
    """A filter is as deep as its input, and gives one number."""
    photo = np.arange(12).reshape(2, 2, 3)
    assert convolve(photo, np.ones((2, 2, 3), int)).tolist() == [[66]]


def test_zeros_can_be_put_at_two_sides_only() -> None:
    """The article's third case pads the columns and not the rows."""
    assert surround(FOUR, [0, 1]).shape == (4, 6)
    assert surround(FOUR, 2).shape == (8, 8)


def test_patches_are_what_the_window_sees() -> None:
    """The page marks them in the input."""
    assert patches(FOUR, 2, 2)[1, 1].tolist() == [[10, 11], [14, 15]]
