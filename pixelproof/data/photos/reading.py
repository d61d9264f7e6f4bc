"""A file read whole: its pixels in sRGB, upright, and what is unusual about it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from pixelproof.data.photos import jpeg, png, tiff
from pixelproof.data.photos.bad_image import BadImageError, decoder_errors_as_bad_image
from pixelproof.data.photos.jpeg_segments import without_side_segments
from pixelproof.data.photos.limits import MAX_MEGAPIXELS, count_frames, in_turn
from pixelproof.data.photos.modes import is_grey, to_pixels, without_empty_alpha
from pixelproof.data.photos.opening import open_image, read_orientation
from pixelproof.data.photos.pixels import Colour, Pixels, upright, without_needless_channels
from pixelproof.data.photos.profiles import NONE, Conversion, conversion

WHOLE_PIXELS = 100_000_000  # a JPEG of more is examined at 1/8 of its size, to spare memory
DAMAGE = "damage in the JPEG data"  # a note, before what the decoder says
SIDE_DATA = "text or profile unreadable, passed over"


@dataclass(frozen=True)
class Photo:
    """A file that was read to its last byte."""

    format: str
    mode: str  # Pillow's name of the pixel format
    height: int  # as a person sees it, EXIF orientation applied
    width: int
    orientation: int  # EXIF: 1 upright, 2 to 8 turned or mirrored
    frames: int
    transparent: bool
    pixels: Pixels  # one channel where they are grey; smaller than the photo where it is huge
    notes: list[str]


def read_photo(data: bytes, max_megapixels: int = MAX_MEGAPIXELS) -> Photo:
    """Decode a file to its last byte. Raises BadImageError."""
    if not data:
        raise BadImageError("zero bytes", "the file is empty")
    try:
        return _read(data, data, max_megapixels)
    except BadImageError as bad:
        bare = without_side_data(data) if bad.reason in ("not an image", "truncated or damaged") else None
        if bare is None:
            raise
        try:
            photo = _read(bare, data, max_megapixels)
        except BadImageError:
            raise bad from None
    return replace(photo, notes=[*photo.notes, SIDE_DATA])


def without_side_data(data: bytes) -> bytes | None:
    """Return a PNG or JPEG file without what no pixel depends on; None for others, or if nothing is to be left out."""
    return png.without_side_chunks(data) or without_side_segments(data)


def _read(data: bytes, whole: bytes, max_megapixels: int) -> Photo:
    """Read `data`, which may lack the side chunks of the `whole` file."""
    tags = tiff.read_tags(data)
    if tiff.is_deep(tags):
        return _read_deep_tiff(data, tags, max_megapixels)
    with open_image(data, max_megapixels) as image, _named(tags), in_turn(*image.size):
        kind, mode, frames = image.format or "", image.mode, count_frames(image)
        pixels, transparent, notes = _jpeg_pixels(data, image) or _pixels(data, whole, image)
        orientation = read_orientation(image)  # after the pixels: a PNG may hold it behind them, damaged or not
        width, height = image.size  # after the pixels, too: Pillow turns a TIFF
    pixels = upright(pixels, orientation)
    if orientation >= 5:
        width, height = height, width
    return Photo(kind, mode, height, width, orientation, frames, transparent, _canonical(pixels), notes)


@contextmanager
def _named(tags: tiff.Tags) -> Iterator[None]:
    """Turn what decoders raise into BadImageError; a TIFF of a compression that few programs know is named."""
    try:
        with decoder_errors_as_bad_image():
            yield
    except BadImageError as bad:
        unread = tiff.name_unread(tags) if bad.reason == "truncated or damaged" else None
        raise (BadImageError("format not read", unread) if unread else bad) from None


def _canonical(pixels: Pixels) -> Pixels:
    return np.ascontiguousarray(without_needless_channels(pixels))


def _jpeg_pixels(data: bytes, image: Image.Image) -> tuple[Pixels, bool, list[str]] | None:
    """Return what `_pixels` does, of a JPEG that libjpeg-turbo takes; None for all else. Raises BadImageError."""
    if image.format not in ("JPEG", "MPO"):
        return None
    colour: Colour = "grey" if is_grey(image) else "rgb"
    huge = image.width * image.height > WHOLE_PIXELS
    at_least = jpeg.SMALLEST if huge else None
    if whole := read_jpeg(data, image.format, image.mode, colour, at_least, strict=True):
        return whole[0], False, [whole[1]] if whole[1] else []
    damage = jpeg.find_damage(data, image.mode)
    notes = [f"{DAMAGE}: {damage.removeprefix('Corrupt JPEG data: ')}"] if damage else []
    if passed := read_jpeg(data, image.format, image.mode, colour, at_least):
        return passed[0], False, notes + ([passed[1]] if passed[1] else [])
    pixels, _, more = _pixels(data, data, image)
    return pixels, False, notes + more


def read_jpeg(
    data: bytes, format: str, mode: str, colour: Colour, at_least: tuple[int, int] | None, *, strict: bool = False
) -> tuple[Pixels, str] | None:
    """Decode what libjpeg-turbo takes, as it lies in the file, with a note; None for all else.

    Damage is passed over unless `strict`.
    """
    if format not in ("JPEG", "MPO") or mode not in jpeg.MODES:
        return None
    return jpeg.decode_jpeg(data, colour, at_least, strict=strict)


def _pixels(data: bytes, whole: bytes, image: Image.Image) -> tuple[Pixels, bool, list[str]]:
    """Return pixels as they lie in the file, in sRGB, whether any are transparent, and notes on levels and colours."""
    convert = _colours(whole, image)
    if png.is_deep(data):
        pixels, transparent, note = png.read_deep(data, image)
    else:
        image.load()
        shown = without_empty_alpha(image)
        transparent = shown.has_transparency_data
        pixels, note = to_pixels(shown, "grey" if is_grey(image) else "rgb", convert)
    if convert.apply and image.mode != "CMYK":
        pixels = convert.apply(pixels)
    return pixels, transparent, [text for text in (note, convert.note) if text]


def _colours(data: bytes, image: Image.Image) -> Conversion:
    """Return how to convert what an opened image becomes, by `is_grey`, to sRGB."""
    mode = "CMYK" if image.mode == "CMYK" else "L" if is_grey(image) else "RGB"
    if image.mode == "LAB":  # has colours of its own, whatever the profile
        return NONE
    if image.format == "PNG":
        return png.colours(data, mode)
    if image.format in ("JPEG", "MPO"):
        return jpeg.colours(data, mode)
    return conversion(image.info.get("icc_profile"), mode)


def _read_deep_tiff(data: bytes, tags: tiff.Tags, max_megapixels: int) -> Photo:
    with decoder_errors_as_bad_image():
        height, width = tiff.check(tags, max_megapixels)
        with in_turn(height, width):
            pixels, transparent, note = tiff.read_deep(data, tags)
        mode = {1: "L", 3: "RGB", 4: "CMYK"}[pixels.shape[2]]
        convert = conversion(tags.get(tiff.PROFILE), mode)
        if mode == "CMYK":
            pixels, _ = to_pixels(Image.fromarray(pixels, "CMYK"), "rgb", convert)
        elif convert.apply:
            pixels = convert.apply(pixels)
        pixels = upright(pixels, tiff.orientation(tags))
        pages = tiff.count_pages(data)
    height, width = pixels.shape[:2]
    mode = "I;16" if mode == "L" else mode  # Pillow's name that comes nearest
    notes = [text for text in (note, convert.note) if text]
    return Photo("TIFF", mode, height, width, 1, pages, transparent, _canonical(pixels), notes)
