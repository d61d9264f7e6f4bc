"""JPEG by libjpeg-turbo: at a fraction of its size where the photo shrinks, and what its decoder says of damage."""

import re

import numpy as np
import simplejpeg

from pixelproof.data.photos.bad_image import BadImageError
from pixelproof.data.photos.jpeg_segments import profile_segments
from pixelproof.data.photos.pixels import Colour, Pixels, in_colour
from pixelproof.data.photos.profiles import NONE, Conversion, adobe_rgb, conversion

MODES = {"RGB", "L"}  # Pillow's names of what is decoded here; Pillow takes the rest
SCALES = (8, 4, 2)  # fractions of the size that libjpeg-turbo decodes to with SIMD code
# How much larger than the asked-for size (down, across) a fraction must be, by the photo's chroma subsampling. Chroma
# at half the resolution both ways (4:2:0) is decoded at twice the fraction, so it lacks nothing. At half or a quarter
# one way it is shrunk like the rest and spread again: stripes then lose their colours, by 5 levels even where chroma
# has four samples for each asked-for pixel, by 2 where it has eight. Other kinds are decoded whole.
MARGINS = {"Gray": (1, 1), "444": (1, 1), "420": (1, 1), "422": (1, 16), "440": (16, 1), "411": (1, 32)}
SMALLEST = (0, 0)  # a size to ask for that every fraction has
# Warnings of libjpeg-turbo (its jerror.h) after which pixels are missing or made up.
LOSS = re.compile(r"(?i)premature end|bad (huffman|arithmetic) code|found marker .* instead of RST")
SKIPPED = re.compile(r"(\d+) extraneous bytes before marker 0x(?!d9)([0-9a-f]{2})")  # not before the end: more follows
MAX_TRIES = 200  # places that are looked at for bytes which the decoder has skipped


def decode_jpeg(
    data: bytes, colour: Colour, at_least: tuple[int, int] | None = None, *, strict: bool = True
) -> tuple[Pixels, str] | None:
    """Return pixels in sRGB and a note on their colours, empty for most; None where Pillow has to decide.

    With `at_least` (height, width as they lie in the file) a large photo comes out smaller, but not below it: at
    1/8, 1/4 or 1/2, rounded up. With `strict` the file must be whole.
    """
    try:
        height, width, space, chroma = simplejpeg.decode_jpeg_header(data)
        grey = space == "Gray"
        convert = colours(data, "L" if grey else "RGB")
        read_as = "GRAY" if grey or (colour == "grey" and not convert.apply) else "RGB"
        scale = fraction(height, width, "Gray" if read_as == "GRAY" else chroma, at_least) if at_least else 1
        tall, wide = (-(-height // scale), -(-width // scale)) if scale > 1 else (0, 0)
        pixels = simplejpeg.decode_jpeg(data, read_as, strict=strict, min_height=tall, min_width=wide)
    except ValueError:
        return None
    if convert.apply:
        pixels = convert.apply(pixels)
    return in_colour(pixels, colour), convert.note


def fraction(height: int, width: int, chroma: str, at_least: tuple[int, int]) -> int:
    """Return 8, 4 or 2, to decode at 1/8, 1/4 or 1/2 of the size without loss at the size `at_least`, or else 1."""
    down, across = MARGINS.get(chroma, (height + 1, width + 1))
    return next((s for s in SCALES if height // s >= down * at_least[0] and width // s >= across * at_least[1]), 1)


def colours(data: bytes, mode: str) -> Conversion:
    """Return how to convert the pixels of a JPEG of `mode` to sRGB."""
    profile, is_adobe_rgb = profile_segments(data)
    if not profile and not is_adobe_rgb:
        return NONE
    return adobe_rgb() if is_adobe_rgb and not profile and mode == "RGB" else conversion(profile, mode)


def find_damage(data: bytes, mode: str) -> str:
    """Return what the decoder says of damage that costs no pixels, empty for a sound file. Raises BadImageError.

    Its first warning is all that libjpeg-turbo tells. So the bytes that it has skipped are cut out, and the rest is
    decoded again, until it says nothing new.
    """
    space = {"RGB": "RGB", "L": "GRAY"}.get(mode, mode)
    warning = first = _warning(data, space)
    at, tries = 2, MAX_TRIES
    while skipped := SKIPPED.search(warning):
        data, at, tries = _cut_out(data, int(skipped[1]), bytes([0xFF, int(skipped[2], 16)]), space, at, tries)
        warning = _warning(data, space)
    return first


def _warning(data: bytes, space: str) -> str:
    """Return the decoder's warning, or nothing, also if only Pillow can tell. Raises BadImageError for lost pixels."""
    try:
        simplejpeg.decode_jpeg(data, space)
    except ValueError as error:
        message = str(error)
    else:
        return ""
    if LOSS.search(message):
        raise BadImageError("truncated or damaged", message)
    return message if _lenient(data, space) is not None else ""


def _lenient(data: bytes, space: str) -> np.ndarray | None:
    try:
        pixels: np.ndarray = simplejpeg.decode_jpeg(data, space, strict=False)
    except ValueError:
        return None
    return pixels


def _cut_out(data: bytes, count: int, marker: bytes, space: str, start: int, tries: int) -> tuple[bytes, int, int]:
    """Return the file without `count` skipped bytes before a marker behind `start`: its pixels must be the same.

    Return, too, where the marker is then, and how many more `tries` there are.
    """
    pixels = _lenient(data, space)
    at = data.find(marker, start)
    while at >= 0 and tries > 0 and pixels is not None:
        shorter = data[: at - count] + data[at:]
        same = _lenient(shorter, space)
        tries -= 1
        if same is not None and same.shape == pixels.shape and np.array_equal(same, pixels):
            return shorter, at - count, tries
        at = data.find(marker, at + 1)
    raise BadImageError("truncated or damaged", f"{count} extraneous bytes, and it cannot be seen what they broke")
