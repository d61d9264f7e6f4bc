"""Images made worse on purpose: what a network that was trained on good ones makes of them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from types import MappingProxyType

import cv2
import numpy as np
import pandas as pd

Pixels = np.ndarray  # uint8 (height, width, channels)
Corruption = Callable[[Pixels, float, np.random.Generator], Pixels]

# By kind, the levels in the order of growing harm; the image itself, level 0, is left out.
LEVELS: Mapping[str, tuple[float, ...]] = MappingProxyType(
    {
        "shift_px": (1, 2, 3, 4),
        "rotation_degrees": (10, 20, 30, 45),
        "scale": (0.9, 0.8, 0.7, 0.5),
        "brightness": (0.8, 0.6, 0.4, 0.2),
        "blur_px": (0.5, 1.0, 1.5, 2.0),
        "noise": (0.05, 0.1, 0.2, 0.3),
        "jpeg_quality": (50, 25, 10, 5),
    }
)


UNTOUCHED = "none"  # the kind of the images as they are, at level 0


def answers_to_corrupted(
    network: Callable[[np.ndarray], np.ndarray],
    images: np.ndarray,
    labels: np.ndarray,
    ids: Sequence[str],
    *,
    seed: int,
) -> pd.DataFrame:
    """Return whether a network is right on images, and on what each corruption makes of them: kind, level, id, right.

    network  uint8 images (n, height, width, channels) to probabilities (n, classes); labels: (n,) class numbers
    """
    right = (
        pd.DataFrame({"kind": kind, "level": level, "id": list(ids), "right": network(worse).argmax(axis=1) == labels})
        for kind, level, worse in corrupted(images, seed=seed)
    )
    return pd.concat(right, ignore_index=True)


def corrupted(images: np.ndarray, *, seed: int) -> Iterator[tuple[str, float, np.ndarray]]:
    """Yield kind, level and images: as they are, and after each corruption, the same for the same seed."""
    yield UNTOUCHED, 0.0, images
    for number, (kind, levels) in enumerate(LEVELS.items()):
        for level in levels:
            yield kind, level, corrupt(images, kind, level, np.random.default_rng([seed, 8, number]))


def corrupt(images: np.ndarray, kind: str, level: float, rng: np.random.Generator) -> np.ndarray:
    """Return a copy of uint8 images (n, height, width, channels), each changed by `kind` at `level`.

    shift_px          moved by so many pixels to one of the four sides, drawn at random
    rotation_degrees  turned by so much to the left or to the right, drawn at random
    scale             shrunk to this share of its size, in the middle
    brightness        multiplied by this share
    blur_px           blurred by a Gaussian of this standard deviation
    noise             normal noise of this standard deviation added, of a range of 0 to 1
    jpeg_quality      stored as a JPEG of this quality

    What comes into view is filled by repeating the border.
    """
    change = _CORRUPTIONS[kind]
    return np.stack([change(image, level, rng).reshape(image.shape) for image in images])


def _warp(image: Pixels, matrix: np.ndarray) -> Pixels:
    height, width = image.shape[:2]
    warped: Pixels = cv2.warpAffine(image, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)
    return warped


def _turned(image: Pixels, degrees: float, scale: float) -> Pixels:
    """Turn about the middle of the image, which lies between pixels where there is an even number of them."""
    height, width = image.shape[:2]
    return _warp(image, cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, scale))


def _shift(image: Pixels, level: float, rng: np.random.Generator) -> Pixels:
    across, down = ((level, 0), (-level, 0), (0, level), (0, -level))[rng.integers(4)]
    return _warp(image, np.array([[1, 0, across], [0, 1, down]], np.float64))


def _rotate(image: Pixels, level: float, rng: np.random.Generator) -> Pixels:
    return _turned(image, level * rng.choice((-1, 1)), 1.0)


def _shrink(image: Pixels, level: float, rng: np.random.Generator) -> Pixels:
    return _turned(image, 0.0, level)


def _darken(image: Pixels, level: float, rng: np.random.Generator) -> Pixels:
    return _whole(image * level)


def _whole(values: np.ndarray) -> Pixels:
    pixels: Pixels = np.rint(values.clip(0, 255)).astype(np.uint8)
    return pixels


def _blur(image: Pixels, level: float, rng: np.random.Generator) -> Pixels:
    blurred: Pixels = cv2.GaussianBlur(image, (0, 0), level, borderType=cv2.BORDER_REPLICATE)
    return blurred


def _add_noise(image: Pixels, level: float, rng: np.random.Generator) -> Pixels:
    return _whole(image + 255 * level * rng.standard_normal(image.shape))


def _store_as_jpeg(image: Pixels, level: float, rng: np.random.Generator) -> Pixels:
    """Colours are RGB here and BGR to OpenCV, of which JPEG keeps less than of brightness."""
    colour = image.shape[2] == 3
    given = cv2.cvtColor(image, cv2.COLOR_RGB2BGR) if colour else image
    _, data = cv2.imencode(".jpg", given, [cv2.IMWRITE_JPEG_QUALITY, int(level)])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR_RGB if colour else cv2.IMREAD_GRAYSCALE), np.uint8)


_CORRUPTIONS: Mapping[str, Corruption] = MappingProxyType(
    {
        "shift_px": _shift,
        "rotation_degrees": _rotate,
        "scale": _shrink,
        "brightness": _darken,
        "blur_px": _blur,
        "noise": _add_noise,
        "jpeg_quality": _store_as_jpeg,
    }
)
