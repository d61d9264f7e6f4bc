"""Pillow's images, of whatever mode, to pixels: uint8, RGB or grey, as a person sees them."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
from PIL import Image, ImageCms

Colour = Literal["rgb", "grey"]
CHANNELS: dict[Colour, int] = {"rgb": 3, "grey": 1}
BACKGROUND = (255, 255, 255)  # what shows through transparent pixels
PIXELS_AT_ONCE = 4_000_000  # a conversion copies so many, not all of a large photo

Pixels = np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]  # (height, width, channels)


def to_pixels(image: Image.Image, colour: Colour) -> Pixels:
    """Decode an open image, as it lies in the file: more than 8 bits are scaled, what is transparent shows white."""
    image.load()
    pixels = np.empty((image.height, image.width, CHANNELS[colour]), np.uint8)
    brightest = _brightest(image)
    for rows, band in zip(bands(image.height, image.width), _crops(image), strict=True):
        shown = _flatten(band, brightest).convert("RGB" if colour == "rgb" else "L")
        pixels[rows] = np.asarray(shown).reshape(pixels[rows].shape)
    return pixels


def bands(height: int, width: int) -> Iterator[slice]:
    """Yield rows, so many at a time that the copies which a conversion makes stay small."""
    step = max(1, PIXELS_AT_ONCE // width)
    for top in range(0, height, step):
        yield slice(top, min(top + step, height))


def _crops(image: Image.Image) -> Iterator[Image.Image]:
    for rows in bands(image.height, image.width):
        yield image.crop((0, rows.start, image.width, rows.stop))


def _brightest(image: Image.Image) -> float:
    """Return the level to show as white where a mode does not say it: more than 8 bits, or floating point."""
    if image.mode != "F" and not image.mode.startswith("I"):
        return 255.0
    brightest = max(float(np.asarray(band).max()) for band in _crops(image))
    return max(65535.0, brightest) if image.mode != "F" else 1.0 if brightest <= 1 else 255.0


def _flatten(image: Image.Image, brightest: float) -> Image.Image:
    """Return an image that `convert` takes to RGB or grey without loss of what is seen."""
    if image.mode.startswith("I") or image.mode == "F":  # scaled, since a conversion would clip at 255
        levels = np.asarray(image) / brightest * 255
        return Image.fromarray(np.nan_to_num(levels).clip(0, 255).round().astype(np.uint8))
    if image.mode == "LAB":  # Pillow converts it by colour profiles only
        lab, rgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(image, lab, rgb, outputMode="RGB") or image
    if image.has_transparency_data:
        seen = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", seen.size, (*BACKGROUND, 255)), seen)
    return image
