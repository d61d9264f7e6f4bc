"""Images made worse: each kind does what its name says, more at each level, the same with the same seed."""

import cv2
import numpy as np
import pytest
from PIL import Image, ImageFilter

from pixelproof.evaluation.answers.corruptions import LEVELS, corrupt

RNG = np.random.default_rng(3)
SMOOTH = cv2.GaussianBlur(RNG.integers(0, 256, (6, 24, 20, 3), dtype=np.uint8).reshape(6 * 24, 20, 3), (0, 0), 2)
IMAGES = SMOOTH.reshape(6, 24, 20, 3)
GREY = IMAGES[..., :1]


def harmed(images: np.ndarray, kind: str, level: float, seed: int = 0) -> np.ndarray:
    return corrupt(images, kind, level, np.random.default_rng(seed))


@pytest.mark.parametrize("kind", LEVELS)
@pytest.mark.parametrize("images", [IMAGES, GREY], ids=["colour", "grey"])
def test_each_level_harms_more_and_the_seed_decides(images: np.ndarray, kind: str) -> None:
    """Else a curve over the levels would say nothing, or another thing at each run."""
    distances = []
    for level in LEVELS[kind]:
        worse = harmed(images, kind, level)
        assert (worse.shape, worse.dtype) == (images.shape, np.uint8)
        np.testing.assert_array_equal(worse, harmed(images, kind, level))
        distances.append(np.abs(worse.astype(int) - images).mean())
    assert distances == sorted(distances)
    assert distances[0] > 0


def test_a_shift_moves_every_pixel_to_one_side_and_repeats_the_border() -> None:
    """The article's claim on shifts stands on these images."""
    sides = set()
    for seed in range(12):
        moved = harmed(IMAGES[:1], "shift_px", 2, seed)[0]
        image = IMAGES[0]
        padded = np.pad(image, ((2, 2), (2, 2), (0, 0)), mode="edge")
        windows = {
            (dy, dx): padded[2 + dy : 26 + dy, 2 + dx : 22 + dx] for dy, dx in ((0, 2), (0, -2), (2, 0), (-2, 0))
        }
        found = [side for side, window in windows.items() if np.array_equal(window, moved)]
        assert len(found) == 1
        sides.update(found)
    assert len(sides) == 4


def test_half_a_turn_is_that_of_numpy() -> None:
    """Else images would be turned about another place than their middle."""
    turned = corrupt(IMAGES, "rotation_degrees", 180, np.random.default_rng(0))
    np.testing.assert_array_equal(turned, IMAGES[:, ::-1, ::-1])


def test_brightness_and_scale_are_arithmetic() -> None:
    """0.2 of the light is a fifth of each value; a shrunk image keeps its middle."""
    np.testing.assert_array_equal(harmed(IMAGES, "brightness", 0.2), np.rint(IMAGES * 0.2))
    board = np.zeros((1, 21, 21, 1), np.uint8)
    board[0, 10, 10] = board[0, 10, 4] = 255
    small = harmed(board, "scale", 0.5)[0, ..., 0]
    assert small[10, 10] == 255
    assert small[10, 7] == 255


def test_noise_has_the_deviation_that_it_says() -> None:
    """0.1 is a tenth of the range."""
    middle = np.full((1, 200, 200, 1), 128, np.uint8)
    assert harmed(middle, "noise", 0.1).std() == pytest.approx(25.5, rel=0.02)


def test_blur_and_jpeg_are_near_those_of_pillow() -> None:
    """Another library's: of channels in the right order."""
    image = Image.fromarray(IMAGES[0])
    blurred = np.asarray(image.filter(ImageFilter.GaussianBlur(1.5))).astype(int)  # which approximates by boxes
    assert np.abs(harmed(IMAGES[:1], "blur_px", 1.5)[0] - blurred).mean() < 1.5
    red = np.zeros((1, 16, 16, 3), np.uint8)
    red[..., 0] = 200
    assert np.abs(harmed(red, "jpeg_quality", 50)[0].astype(int) - red[0]).max() < 12
