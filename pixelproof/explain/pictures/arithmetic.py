"""Sliding windows by hand: convolution and pooling of one picture in NumPy, without Keras.

"Convolution" is meant as in deep learning, without flipping the weights (cross-correlation in signal processing).
"""

from typing import Literal

import numpy as np

from pixelproof.errors import UserError
from pixelproof.params.section import Size, pair

Pooling = Literal["max", "average", "l2"]


def surround(image: np.ndarray, rings: Size) -> np.ndarray:
    """Return the picture (height, width, ...) with zeros around it: `rings`, or [rows, columns], on each side."""
    rows, columns = pair(rings)
    return np.pad(image, [(rows, rows), (columns, columns)] + [(0, 0)] * (image.ndim - 2))


def patches(image: np.ndarray, size: Size, stride: Size = 1) -> np.ndarray:
    """Return what each position of a window sees: (rows, columns, size, size, ...).

    Raises UserError where the window does not fit.
    """
    if any(window > side for window, side in zip(pair(size), image.shape[:2], strict=True)):
        raise UserError(f"a window of {pair(size)} pixels does not fit into {image.shape[:2]}")
    seen = np.lib.stride_tricks.sliding_window_view(image, pair(size), axis=(0, 1))
    down, right = pair(stride)
    return np.moveaxis(seen, (-2, -1), (2, 3))[::down, ::right]


def convolve(image: np.ndarray, weights: np.ndarray, *, stride: Size = 1, rings: Size = 0) -> np.ndarray:
    """Slide `weights` over a picture; each output is the sum of the products of pixels and weights.

    image    (height, width), or (height, width, channels) with weights of as many channels
    weights  (rows, columns), or (rows, columns, channels)
    Returns (height, width) of the output, in the wider of both types. Raises UserError where they do not fit.
    """
    seen = patches(surround(image, rings), list(weights.shape[:2]), stride)
    output: np.ndarray = np.tensordot(seen, weights, axes=weights.ndim)
    return output


def pool(image: np.ndarray, size: Size, *, stride: Size | None = None, kind: Pooling = "max") -> np.ndarray:
    """Shrink each channel on its own: the largest, the mean, or the root of the sum of squares in each window."""
    seen = patches(image, size, stride or size)
    output: np.ndarray
    match kind:
        case "max":
            output = seen.max(axis=(2, 3))
        case "average":
            output = seen.mean(axis=(2, 3))
        case "l2":
            output = np.sqrt(np.square(seen, dtype=float).sum(axis=(2, 3)))
    return output
