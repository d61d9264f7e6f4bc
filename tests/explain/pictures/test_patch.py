import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixelproof.explain.pictures.arithmetic import patches
from pixelproof.explain.pictures.patch import example_patch

RNG = np.random.default_rng(0)


def test_a_border_of_padding_is_no_example() -> None:
    """Photos that were fitted into a square have black bars; their edge is the liveliest part, and teaches nothing."""
    photo = np.zeros((40, 40), np.uint8)
    photo[10:30] = RNG.integers(100, 120, (20, 40))
    photo[10] = 255
    assert example_patch(photo, 6, 3).min() >= 100


def test_saturated_stripes_are_no_example() -> None:
    """251 251 253 251 over zeros varies more than anything, and has the same numbers in every window."""
    photo = np.zeros((30, 30), np.uint8)
    photo[::2] = 251
    photo[12:18, 12:18] = RNG.integers(0, 256, (6, 6))
    part = example_patch(photo, 4)
    assert all(len(np.unique(seen)) >= 3 for row in patches(part, 2) for seen in row)


@pytest.mark.parametrize("window", [2, 3])
def test_every_window_has_different_numbers_wherever_the_photo_has_such_a_part(window: int) -> None:
    """A window of equal numbers shows nothing."""
    photo = np.zeros((50, 40, 3), np.uint8)
    photo[20:28, 5:13] = RNG.integers(0, 256, (8, 8, 3))
    part = example_patch(photo, 6, window)
    assert part.shape == (6, 6, 3)
    assert all(len(np.unique(seen // 16)) > 1 for row in patches(part.mean(axis=2), window) for seen in row)


@given(height=st.integers(4, 30), width=st.integers(4, 30), value=st.integers(0, 255))
def test_an_even_photo_still_has_a_part(height: int, width: int, value: int) -> None:
    """A photo of nothing must not break the page."""
    assert example_patch(np.full((height, width), value), 4).tolist() == [[value] * 4] * 4


def test_a_large_photo_is_sampled() -> None:
    """Every place of a photo of 500 pixels would take seconds."""
    assert example_patch(RNG.integers(0, 256, (500, 480)), 10, 3).shape == (10, 10)
