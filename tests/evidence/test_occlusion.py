"""Occlusion, of networks whose answer is known by construction."""

import numpy as np
import pytest

from pixelproof.evidence.occlusion import occlusion


def looks_at_corner(images: np.ndarray) -> np.ndarray:
    """Answer by the brightness of the 6 x 6 pixels at the top left, and nothing else: (n, 2)."""
    bright = images[:, :6, :6].mean(axis=(1, 2, 3)) / 255
    return np.stack([bright, 1 - bright], axis=1).astype(np.float32)


def image(height: int, width: int, channels: int) -> np.ndarray:
    pixels = np.zeros((height, width, channels), np.uint8)
    pixels[:6, :6] = 255
    return pixels


@pytest.mark.parametrize("shape", [(28, 28, 1), (40, 25, 3), (130, 100, 3)])
def test_only_the_corner_that_a_network_looks_at_lights_up(shape: tuple[int, int, int]) -> None:
    """Else the picture would blame a place that had no part in the answer."""
    falls = occlusion(looks_at_corner, image(*shape), 0)
    reach = [3 * max(1, round(side / 14)) for side in shape[:2]]  # of a patch that hides the corner's last pixel
    assert falls.shape == shape[:2]
    assert falls[:6, :6].min() > 0
    assert falls.argmax() in np.flatnonzero(np.pad(np.ones((6, 6)), [(0, shape[0] - 6), (0, shape[1] - 6)]))
    assert np.abs(falls[6 + reach[0] :]).max() == 0
    assert np.abs(falls[:, 6 + reach[1] :]).max() == 0


def test_the_other_class_gains_what_this_one_loses() -> None:
    """A place that spoke against a class must not look as if it spoke for it."""
    photo = image(28, 28, 1)
    np.testing.assert_allclose(occlusion(looks_at_corner, photo, 1), -occlusion(looks_at_corner, photo, 0), atol=1e-6)


def test_the_map_is_the_mean_of_the_falls_of_the_patches_over_each_pixel() -> None:
    """The arithmetic, by hand: one step is a pixel, a patch three by three, and the network sums all pixels."""

    def sums(images: np.ndarray) -> np.ndarray:
        return images.sum(axis=(1, 2, 3), dtype=np.float64)[:, np.newaxis]

    photo = np.random.default_rng(0).integers(0, 256, (6, 5, 1), dtype=np.uint8)
    mean = photo.mean().round()
    expected = np.zeros((6, 5))
    for row, column in np.ndindex(6, 5):
        tops, lefts = range(row - 2, row + 1), range(column - 2, column + 1)
        falls = [
            (photo[max(0, top) : top + 3, max(0, left) : left + 3].astype(float) - mean).sum()
            for top in tops
            for left in lefts
        ]
        expected[row, column] = np.mean(falls)
    np.testing.assert_allclose(occlusion(sums, photo, 0), expected, rtol=1e-5, atol=1e-3)


def test_the_photo_is_left_as_it_was() -> None:
    """Else the picture would show a photo with holes."""
    photo = image(28, 28, 3)
    occlusion(looks_at_corner, photo, 0)
    np.testing.assert_array_equal(photo, image(28, 28, 3))
