"""Levels of more than 8 bits: which are black and white, and what becomes of those in between."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixelproof.data.photos.bad_image import BadImageError
from pixelproof.data.photos.levels import Range, find_range, to_8_bits


def levels(kind: Any, *values: float) -> np.ndarray:
    return np.array(values, kind).reshape(1, -1, 1)


def shown(array: np.ndarray, **options: Any) -> list[int]:
    return to_8_bits(array, find_range(array, **options)).ravel().tolist()


FULL = 2**16 - 1


@pytest.mark.parametrize(
    ("array", "options", "expected"),
    [
        (levels(np.uint16, 0, 257, FULL), {}, [0, 1, 255]),
        (levels(np.uint16, 0, 30_000), {}, [0, 117]),  # the whole range, though nothing is white
        (levels(np.uint16, 0, 2048, 4095), {}, [0, 128, 255]),  # 12 bits, of which the last level occurs
        (levels(np.uint16, 0, 1023), {}, [0, 255]),
        (levels(np.uint16, 0, 16_383), {}, [0, 255]),
        (levels(np.uint16, 257, 14 * 257), {}, [1, 14]),  # a dark photo of 8 bits, spread
        (levels(np.uint16, 256, 14 * 256), {}, [1, 14]),
        (levels(np.uint16, 0, 0), {}, [0, 0]),
        (levels(np.uint16, 0, 3000), {"declared": (0, 4095)}, [0, 187]),
        (levels(np.uint16, 0, 3000), {"bits": 12}, [0, 187]),
        (levels(np.uint32, 0, 2**31, 2**32 - 1), {}, [0, 128, 255]),
        (levels(np.int16, -(2**15), 0, 2**15 - 1), {}, [0, 128, 255]),
        (levels(np.int16, 0, 2**15 - 1), {}, [0, 255]),
        (levels(np.int8, -128, 127), {}, [0, 255]),
        (levels(np.float32, 0, 0.5, 1), {}, [0, 128, 255]),
        (levels(np.float32, -0.01, 1.02), {}, [0, 255]),  # what sharpening overshoots
        (levels(np.float32, -1, 0, 1), {}, [0, 128, 255]),
        (levels(np.float32, 0, 200), {}, [0, 200]),
        (levels(np.float64, 0, 4095.9), {}, [0, 255]),
        (levels(np.float64, 0, 32768, 65535), {}, [0, 128, 255]),
        (levels(np.float32, 0, 5 / 255), {}, [0, 5]),  # a dark photo of 8 bits, divided
        (levels(np.float32, np.nan, 0.5, 1, np.inf), {}, [0, 128, 255, 255]),
    ],
)
def test_the_range_of_levels_is_found(array: np.ndarray, options: dict[str, Any], expected: list[int]) -> None:
    """Else a picture would be nearly black, clipped to white, or cut in half. The values are worked out by hand."""
    assert shown(array, **options) == expected


@pytest.mark.parametrize(
    "array",
    [
        levels(np.uint16, 0, 3000),  # 12 bits without white, or 16 bits of a dark night
        levels(np.uint32, 0, 70_001),
        levels(np.int16, -1000, 3000),  # Hounsfield units
        levels(np.int32, -5, 70_000),
        levels(np.float32, 0, 3.7),
        levels(np.float32, -0.5, 1),
        levels(np.float32, 0, 1e9),
        levels(np.float32, 0, 0.0123),
        levels(np.float32, np.nan, np.nan),
    ],
)
def test_what_cannot_be_proved_is_refused(array: np.ndarray) -> None:
    """Else a guess would be trained on, and another one for the next photo of the same camera."""
    with pytest.raises(BadImageError) as refused:
        find_range(array)
    assert refused.value.reason == "range of levels unknown"
    assert "of fewer bits" in refused.value.detail or "level" in refused.value.detail or "from" in refused.value.detail


@given(
    st.lists(st.integers(0, 255), min_size=1, max_size=30),
    st.sampled_from([(np.uint16, 257), (np.uint32, 2**24 + 2**16 + 257)]),
)
def test_8_bits_spread_over_more_are_8_bits_again(values: list[int], spread: tuple[Any, int]) -> None:
    """Else a photo that was saved with 16 bits would be another picture."""
    kind, step = spread
    assert shown(levels(kind, *(value * step for value in values))) == values


@given(st.lists(st.integers(0, FULL), min_size=1, max_size=30), st.booleans())
def test_levels_are_rounded_to_the_nearest(values: list[int], inverted: bool) -> None:
    """Else the whole picture would be half a level darker."""
    pixels = to_8_bits(levels(np.uint16, *values), Range(0, FULL, ""), inverted=inverted).ravel()
    exact = np.array(values) * 255 / FULL
    assert np.abs(pixels - (255 - exact if inverted else exact)).max() <= 0.5 + 1e-9
