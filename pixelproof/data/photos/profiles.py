"""Colours as a file's profile says, to those of sRGB, which is what a screen shows and pretrained networks expect."""

import io
import re
from collections.abc import Callable
from functools import cache, lru_cache
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image, ImageCms

from pixelproof.data.photos.icc import ADOBE_RGB, DISPLAY_P3, Primaries, matrix_profile
from pixelproof.data.photos.pixels import Pixels, bands

SPACES = {"RGB": "RGB", "GRAY": "L", "CMYK": "CMYK"}  # ICC's name of a profile's colours: Pillow's mode
SAME = 2  # levels: what differs by no more from sRGB is one of its many profiles, or its gamma rounded
MAX_PROFILE_BYTES = 16 * 2**20
NAME_CHARACTERS = 60  # of a profile, in a note
DAMAGED = "colour profile damaged, not used"
Apply = Callable[[Pixels], Pixels]  # pixels of the profile's own colours to RGB, or to grey


class Conversion(NamedTuple):
    """How to bring a photo's colours to sRGB; `apply` is None where they are there already, or nobody can tell."""

    apply: Apply | None = None
    note: str = ""


NONE = Conversion()


def conversion(profile: bytes | None, mode: str) -> Conversion:
    """Return how to convert pixels of `mode` (Pillow's: RGB, L or CMYK) that have an ICC profile, or none."""
    if not profile:
        return NONE
    if len(profile) > MAX_PROFILE_BYTES:
        return Conversion(note=DAMAGED)
    return _conversion(profile, mode)


def adobe_rgb() -> Conversion:
    """Return the conversion from Adobe RGB (1998), for photos that name it without a profile."""
    return conversion(matrix_profile("Adobe RGB (1998)", ADOBE_RGB, 563 / 256), "RGB")


def display_p3() -> Conversion:
    """Return the conversion from Display P3, for photos that name it without a profile."""
    return conversion(matrix_profile("Display P3", DISPLAY_P3, None), "RGB")


def calibrated(gamma: float, primaries: Primaries, mode: str) -> Conversion:
    """Return the conversion from a gamma (2.2, say) and primaries, as PNG files may give them."""
    return conversion(matrix_profile(f"gamma {gamma:.2f}", primaries, gamma), mode)


@lru_cache(64)
def _conversion(profile: bytes, mode: str) -> Conversion:
    try:
        opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = SPACES.get(opened.profile.xcolor_space.strip())
        name = _printable(opened.profile.profile_description or "no name")
        if space is None or (space != mode and (space, mode) != ("RGB", "L")):
            return Conversion(note=f"colour profile of another kind, not used ({name})")
        # A lookup of 17 or 33 points is not exact where a curve is steep; per pixel it costs the same.
        transform = ImageCms.buildTransform(
            opened, _srgb(), space, "RGB", ImageCms.Intent.PERCEPTUAL, ImageCms.Flags.HIGHRESPRECALC
        )
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError, AttributeError):
        return Conversion(note=DAMAGED)
    note = f"colours converted to sRGB ({name})"
    if mode == "CMYK":
        return Conversion(lambda inks: _transformed(inks, transform), note)
    apply = _curve(transform, space) if mode == "L" else lambda pixels: _transformed(pixels, transform)
    return NONE if _is_srgb(apply, mode) else Conversion(apply, note)


@cache
def _srgb() -> ImageCms.ImageCmsProfile:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))


def _printable(text: str) -> str:
    return re.sub(r"[^\w .,()+*/#-]+", " ", text).strip()[:NAME_CHARACTERS]


def _curve(transform: ImageCms.ImageCmsTransform, space: str) -> Apply:
    """Return the conversion of grey pixels, a level for each level: a grey photo stays grey."""
    ramp = Image.fromarray(np.arange(256, dtype=np.uint8)[None])
    levels = np.asarray(transform.apply(ramp.convert(space)))[0, :, 1].copy()
    return lambda pixels: cv2.LUT(np.ascontiguousarray(pixels), levels).reshape(pixels.shape)


def _transformed(pixels: Pixels, transform: ImageCms.ImageCmsTransform) -> Pixels:
    height, width, channels = pixels.shape
    mode = "RGB" if channels == 3 else "CMYK"
    converted = np.empty((height, width, 3), np.uint8)
    for rows in bands(height, width):
        image = Image.frombuffer(mode, (width, rows.stop - rows.start), np.ascontiguousarray(pixels[rows]), "raw")
        converted[rows] = np.asarray(transform.apply(image))
    return converted


def _is_srgb(apply: Apply, mode: str) -> bool:
    """Tell whether a conversion leaves a grid over all colours as it is."""
    steps = np.arange(0, 256, 15, dtype=np.uint8)
    axes = [steps] * 3 if mode == "RGB" else [np.arange(256, dtype=np.uint8)]
    grid = np.stack(np.meshgrid(*axes), -1).reshape(1, -1, len(axes))
    return int(np.abs(apply(grid).astype(np.int16) - grid).max()) <= SAME
