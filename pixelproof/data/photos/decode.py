"""Bytes of an image file to pixels, uint8, upright."""

import simplejpeg

from pixelproof.data.photos.modes import Colour, Pixels, to_pixels
from pixelproof.data.photos.opening import (
    BadImageError,
    damage_told,
    in_turn,
    open_image,
    read_orientation,
)

JPEG_MODES = {"RGB", "L"}  # what the fast decoder takes; Pillow takes the rest
JPEG_SCALES = (8, 4, 2)  # fractions of the size that libjpeg-turbo decodes to with SIMD code


def decode(
    data: bytes,
    format: str,
    mode: str,
    orientation: int,
    colour: Colour,
    at_least: tuple[int, int] | None = None,
) -> Pixels:
    """Return a file's pixels, upright. `format`, `mode`, `orientation` are those of `examine`.

    With `at_least` (height, width as a person sees them) a large JPEG comes out smaller, but not below it.
    Raises BadImageError.
    """
    if at_least and orientation >= 5:
        at_least = at_least[1], at_least[0]
    pixels = decode_fast(data, format, mode, colour, at_least)
    if pixels is None:
        with open_image(data) as image, damage_told(), in_turn(image):
            pixels = to_pixels(image, colour)
    return upright(pixels, orientation)


def decode_fast(
    data: bytes, format: str, mode: str, colour: Colour, at_least: tuple[int, int] | None = None
) -> Pixels | None:
    """Decode what libjpeg-turbo takes, as it lies in the file; None for all else."""
    return _decode_jpeg(data, colour, at_least) if format == "JPEG" and mode in JPEG_MODES else None


def _decode_jpeg(data: bytes, colour: Colour, at_least: tuple[int, int] | None) -> Pixels | None:
    """Decode with libjpeg-turbo; None where it is stricter than Pillow, which then decides."""
    space = "RGB" if colour == "rgb" else "GRAY"
    try:
        height, width, *_ = simplejpeg.decode_jpeg_header(data)
        scale = next(
            (s for s in JPEG_SCALES if at_least and height // s >= at_least[0] and width // s >= at_least[1]), 1
        )
        options = {"min_height": -(-height // scale), "min_width": -(-width // scale)} if scale > 1 else {}
        # Colours lie at half the resolution; to smooth them is a tenth of the work, and lost where the photo shrinks.
        shrinks = at_least is not None and height > at_least[0] and width > at_least[1]
        pixels: Pixels = simplejpeg.decode_jpeg(data, space, fastupsample=shrinks, **options)
    except ValueError:
        return None
    return pixels


def upright(pixels: Pixels, orientation: int) -> Pixels:
    """Undo the camera's turn: an EXIF orientation of 1 to 8 (JEITA CP-3451, tag 0x0112)."""
    if orientation in (5, 6, 7, 8):
        pixels = pixels.transpose(1, 0, 2)
    if orientation in (2, 3, 6, 7):
        pixels = pixels[:, ::-1]
    if orientation in (3, 4, 7, 8):
        pixels = pixels[::-1]
    return pixels


def glimpse(data: bytes, at_least: tuple[int, int]) -> Pixels | None:
    """Return what a person can see of any file, upright and in colour; None where nothing can be seen.

    For pictures only, never for training: of a JPEG that breaks off, what comes before the break is shown.
    `at_least` as in `decode`.
    """
    try:
        with open_image(data) as image:
            format, mode, orientation = image.format or "", image.mode, read_orientation(image)
    except BadImageError:
        return None
    try:
        return decode(data, format, mode, orientation, "rgb", at_least)
    except BadImageError:
        return _decode_damaged_jpeg(data, orientation) if format == "JPEG" else None


def _decode_damaged_jpeg(data: bytes, orientation: int) -> Pixels | None:
    try:
        return upright(simplejpeg.decode_jpeg(data, "RGB", strict=False), orientation)
    except ValueError:
        return None
