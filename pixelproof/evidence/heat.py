"""Maps of numbers laid over a photo: orange where something spoke for the answer, blue where it spoke against."""

from io import BytesIO

import numpy as np
from PIL import Image

from pixelproof.data.sheets.sheet import thumbnail

FOR, AGAINST = np.array([255, 130, 0]), np.array([0, 110, 230])  # told apart with any kind of colour vision
STRONGEST = 0.85  # share of the colour where the map is largest: the photo stays visible


def overlay(image: np.ndarray, heat: np.ndarray, side_px: int) -> Image.Image:
    """Return a photo in grey, enlarged to a longer side of `side_px`, below a map in colour.

    image  uint8 (height, width, channels)
    heat   float32 (rows, columns), any number of each: above 0 orange, below 0 blue; the largest value is the strongest
    """
    photo = thumbnail(image, side_px).convert("L")
    strength = _enlarged(heat / max(float(np.abs(heat).max()), 1e-12), photo.size)[:, :, np.newaxis]
    share = np.abs(strength) * STRONGEST
    colour = np.where(strength > 0, FOR, AGAINST)
    pixels = (1 - share) * np.asarray(photo)[:, :, np.newaxis] + share * colour
    return Image.fromarray(pixels.round().astype(np.uint8))


def as_png(image: np.ndarray, heat: np.ndarray, side_px: int) -> bytes:
    """Return the `overlay` as the bytes of a PNG file."""
    buffer = BytesIO()
    overlay(image, heat, side_px).save(buffer, "PNG")
    return buffer.getvalue()


def _enlarged(heat: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    return np.asarray(Image.fromarray(heat.astype(np.float32)).resize(size, Image.Resampling.BILINEAR))
