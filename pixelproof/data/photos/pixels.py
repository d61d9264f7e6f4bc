"""What all photos become: uint8 arrays, grey or RGB."""

from collections.abc import Iterator
from typing import Literal

import cv2
import numpy as np

Colour = Literal["rgb", "grey"]
CHANNELS: dict[Colour, int] = {"rgb": 3, "grey": 1}
PIXELS_AT_ONCE = 4_000_000  # a conversion copies so many, not all of a large photo
SAMPLES = 16  # rows and columns that show at once that a photo has colours
FLIPPED_ACROSS, FLIPPED_DOWN = (2, 3, 6, 7), (3, 4, 7, 8)  # EXIF orientations that turn left and right, top and bottom

Pixels = np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]  # (height, width, channels)


def bands(height: int, width: int) -> Iterator[slice]:
    """Yield rows, so many at a time that the copies which a conversion makes stay small."""
    step = max(1, PIXELS_AT_ONCE // width)
    for top in range(0, height, step):
        yield slice(top, min(top + step, height))


def in_colour(pixels: Pixels, colour: Colour) -> Pixels:
    """Return pixels, grey or RGB, in the colour that was asked for."""
    if pixels.shape[2] == CHANNELS[colour]:
        return pixels
    code = cv2.COLOR_GRAY2RGB if colour == "rgb" else cv2.COLOR_RGB2GRAY
    converted: Pixels = cv2.cvtColor(np.ascontiguousarray(pixels), code)
    return converted.reshape((*pixels.shape[:2], CHANNELS[colour]))


def without_needless_channels(pixels: Pixels) -> Pixels:
    """Return one channel where all three are equal: one grey picture, however it was stored, is one array."""
    height, width, channels = pixels.shape
    if channels == 1 or not _is_grey(pixels[:: max(1, height // SAMPLES), :: max(1, width // SAMPLES)]):
        return pixels
    return pixels[..., :1] if all(_is_grey(pixels[rows]) for rows in bands(height, width)) else pixels


def _is_grey(pixels: Pixels) -> bool:
    first = pixels[..., 0]
    return bool((first == pixels[..., 1]).all() and (first == pixels[..., 2]).all())


def upright(pixels: Pixels, orientation: int) -> Pixels:
    """Undo the camera's turn: an EXIF orientation of 1 to 8 (JEITA CP-3451, tag 0x0112)."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.transpose(1, 0, 2)
    if orientation in FLIPPED_ACROSS:
        pixels = pixels[:, ::-1]
    if orientation in FLIPPED_DOWN:
        pixels = pixels[::-1]
    return pixels


def over_white(pixels: Pixels, alpha: np.ndarray, *, premultiplied: bool = False) -> Pixels:
    """Lay pixels over white; `alpha` (height, width) is 0 where they are transparent, and 1 where opaque."""
    shown = np.empty_like(pixels)
    for rows in bands(*pixels.shape[:2]):
        share = alpha[rows, :, None].clip(0, 1)
        colours = pixels[rows] * (1.0 if premultiplied else share)
        shown[rows] = (colours + 255 * (1 - share)).clip(0, 255).round()
    return shown
