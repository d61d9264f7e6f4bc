"""Pixels of any size to those of the network: stretched, with bars, or the middle."""

from typing import Literal, Protocol

import cv2
import numpy as np

from pixelproof.data.photos.jpeg import SCALES
from pixelproof.data.photos.pixels import FLIPPED_ACROSS, FLIPPED_DOWN, Pixels

Extent = tuple[float, float]  # (height, width) in pixels


class Fit(Protocol):
    """The size in pixels that photos are brought to, and how: the section `resize` of params.yaml has these."""

    @property
    def height_px(self) -> int: ...
    @property
    def width_px(self) -> int: ...
    @property
    def fit(self) -> Literal["stretch", "pad", "crop"]: ...


def fitted_size(height: int, width: int, params: Fit) -> tuple[int, int]:
    """Return (height, width) of the whole photo once it fits as `params.fit` says, at least one pixel each."""
    if params.fit == "stretch":
        return params.height_px, params.width_px
    scales = params.height_px / height, params.width_px / width
    scale = min(scales) if params.fit == "pad" else max(scales)
    return max(1, round(height * scale)), max(1, round(width * scale))


def fit(pixels: Pixels, params: Fit, size: tuple[int, int] | None = None, orientation: int = 1) -> Pixels:
    """Resize one photo to exactly (height_px, width_px): whole with bars, its middle, or out of shape.

    Pixels that were decoded at a fraction come with the photo's `size` (height, width) and `orientation`.
    """
    height, width = fitted_size(*(size or pixels.shape[:2]), params)
    scaled = _scale_fraction(pixels, height, width, size or pixels.shape[:2], orientation)
    if params.fit == "crop":
        top, left = (height - params.height_px) // 2, (width - params.width_px) // 2
        return scaled[top : top + params.height_px, left : left + params.width_px]
    if params.fit == "pad":
        canvas: Pixels = np.zeros((params.height_px, params.width_px, pixels.shape[2]), np.uint8)
        top, left = (params.height_px - height) // 2, (params.width_px - width) // 2
        canvas[top : top + height, left : left + width] = scaled
        return canvas
    return scaled


def _scale_fraction(pixels: Pixels, height: int, width: int, size: tuple[int, int], orientation: int) -> Pixels:
    """Resize pixels that are a whole photo of `size`, or what it became at 1/2, 1/4 or 1/8, rounded up.

    Of 643 columns at 1/8 the last of 81 shows three: taken for a whole one it would shift and squeeze the picture.
    It lies where the file's last column is, which `orientation` may have turned to the beginning.
    """
    if pixels.shape[:2] == size:
        return _scale(pixels, height, width, size)
    extent = _extent(pixels.shape[:2], size)
    if orientation == 1:
        return _scale(pixels, height, width, extent)
    down = slice(None, None, -1 if orientation in FLIPPED_DOWN else None)
    across = slice(None, None, -1 if orientation in FLIPPED_ACROSS else None)
    return _scale(pixels[down, across], height, width, extent)[down, across]


def _extent(scaled: tuple[int, int], size: tuple[int, int]) -> Extent:
    """Return how much of each side of a photo at a fraction is picture: 80.375 of 81 columns for 643 at 1/8."""
    for scale in SCALES:
        if -(-size[0] // scale) == scaled[0] and -(-size[1] // scale) == scaled[1]:
            return size[0] / scale, size[1] / scale
    raise ValueError(f"{scaled} pixels are no fraction of a photo of {size}")


def _scale(pixels: Pixels, height: int, width: int, extent: Extent) -> Pixels:
    """Resize by bilinear interpolation, which takes two neighbours into account; so it never shrinks by more than two.

    A side that must shrink by more is halved before, the mean of each two pixels: patterns would alias otherwise.
    """
    while (tall := pixels.shape[0] > 2 * height) | (wide := pixels.shape[1] > 2 * width):
        pixels = _interpolate(pixels, pixels.shape[0] // (1 + tall), pixels.shape[1] // (1 + wide), extent)
        extent = pixels.shape[:2]
    return _interpolate(pixels, height, width, extent)


def _interpolate(pixels: Pixels, height: int, width: int, extent: Extent) -> Pixels:
    if pixels.shape[:2] == (height, width) == extent:
        return pixels
    pixels = np.ascontiguousarray(pixels)
    scaled: np.ndarray
    if pixels.shape[:2] == extent:
        scaled = cv2.resize(pixels, (width, height), interpolation=cv2.INTER_LINEAR)
    else:  # the ratio counts, not how many pixels come out: there may be one more, of what lies beyond the picture
        down, across = height / extent[0], width / extent[1]
        scaled = cv2.resize(pixels, None, fx=across, fy=down, interpolation=cv2.INTER_LINEAR)[:height, :width]
    return scaled.reshape((height, width, pixels.shape[2]))
