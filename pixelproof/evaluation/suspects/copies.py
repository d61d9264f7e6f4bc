"""Near copies under two labels: one picture, cropped, shrunk or stored again, that is said to show two things."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

import cv2
import numpy as np

CORRELATION = 0.985  # 16 of 70,000 clothes have other clothes as near, pets 0.83; copies stored again 0.99 or more
SMALL_PX = 8  # images of this side find candidates, in a hundredth of the time
SMALL_CORRELATION = 0.96
ROWS = 1024  # photos that are compared with all others at a time


class Pair(NamedTuple):
    """Positions of two photos of different classes, and how alike they are."""

    photo: int
    other: int
    correlation: float


def copies_across_classes(
    small: Iterable[np.ndarray], labels: np.ndarray, gather: Callable[[np.ndarray], np.ndarray]
) -> list[Pair]:
    """Return, for each photo that has a near copy in another class, the nearest one.

    small   batches of images from `shrunk`, all photos in order; labels: (n,) class numbers
    gather  returns the images at given positions
    """
    every = np.concatenate([_normalised(batch) for batch in small])
    return [pair for pair in _candidates(every, labels, gather) if pair.correlation >= CORRELATION]


def _candidates(small: np.ndarray, labels: np.ndarray, gather: Callable[[np.ndarray], np.ndarray]) -> Iterator[Pair]:
    for start in range(0, len(small), ROWS):
        rows = np.arange(start, min(start + ROWS, len(small)))
        alike = small[rows] @ small.T
        alike[labels[rows, None] == labels] = -1
        nearest = alike.argmax(axis=1)
        near = alike[np.arange(len(rows)), nearest] >= SMALL_CORRELATION
        if near.any():
            photos, others = rows[near], nearest[near]
            correlations = (_normalised(gather(photos)) * _normalised(gather(others))).sum(axis=1)
            yield from map(Pair, photos.tolist(), others.tolist(), correlations.tolist())


def shrunk(images: np.ndarray) -> np.ndarray:
    """Return images, uint8 (n, height, width, channels), with sides of SMALL_PX."""
    size = SMALL_PX, SMALL_PX
    return np.stack([cv2.resize(image, size, interpolation=cv2.INTER_AREA).reshape(*size, -1) for image in images])


def _normalised(images: np.ndarray) -> np.ndarray:
    """Return float32 (n, values) of mean 0 and length 1; the product of two is their correlation. A blank one is 0."""
    values = images.reshape(len(images), -1).astype(np.float32)
    values -= values.mean(axis=1, keepdims=True)
    lengths = np.linalg.norm(values, axis=1, keepdims=True)
    normalised: np.ndarray = np.divide(values, lengths, out=np.zeros_like(values), where=lengths > 0)
    return normalised
