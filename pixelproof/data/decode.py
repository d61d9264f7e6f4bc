"""Bytes of an image file to pixels, uint8, upright."""

import ctypes
import hashlib
import io
import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import numpy as np
import simplejpeg
from PIL import Image, ImageCms, UnidentifiedImageError, _imaging

Colour = Literal["rgb", "grey"]
CHANNELS: dict[Colour, int] = {"rgb": 3, "grey": 1}
# Formats of photos. Others that Pillow knows start a program (EPS), decode before the size can be checked (ICO), or
# take any bytes for theirs (TGA).
FORMATS = ("AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP")
JPEG_MODES = {"RGB", "L"}  # what the fast decoder takes; Pillow takes the rest
JPEG_MARKER = re.compile(rb"\xff[\x02-\xcf\xd9-\xfe]")  # between them lies the coded picture, which holds none
JPEG_SCALES = (8, 4, 2)  # fractions of the size that libjpeg-turbo decodes to with SIMD code
MAX_PIXELS = 100_000_000  # above it a file is taken for a decompression bomb
BACKGROUND = (255, 255, 255)  # what shows through transparent pixels
MAX_PIXELS_HEAVY = 40_000_000  # of these formats, whose decoders take 16 to 19 bytes for a pixel
HEAVY_FORMATS = {"JPEG2000", "WEBP"}
MAX_PIXELS_SLOW = 2_000_000  # of what Pillow decodes in Python, byte by byte: PPM as text or of odd depth, packed BMP
EXIF_ORIENTATION = 274
MAX_JPEG_SCANS = 500  # each goes over all pixels again; encoders write about ten
MAX_TIFF_PAGES = 10_000  # what finding the next takes grows with their number: 20,000 take 4 s, 100,000 over a minute
PIXELS_AT_ONCE = 4_000_000  # a conversion copies so many, not all of a large photo

Pixels = np.ndarray[tuple[int, int, int], np.dtype[np.uint8]]  # (height, width, channels)


class BadImageError(Exception):
    """A file that cannot be used: `reason` is one of a few words to count by, `detail` the particulars."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


@dataclass(frozen=True)
class Facts:
    """What a full decode tells about a file."""

    format: str
    mode: str  # Pillow's name of the pixel format
    width: int  # as a person sees it, EXIF orientation applied
    height: int
    orientation: int  # EXIF: 1 upright, 2 to 8 turned or mirrored
    frames: int
    transparent: bool
    pixels_sha256: str


@contextmanager
def quiet_pillow() -> Iterator[None]:
    """Keep what Pillow and libtiff tell about odd files off the terminal, in all threads."""
    logger = logging.getLogger("PIL")
    level, handler = logger.level, _set_libtiff_handler(None)
    logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
        _set_libtiff_handler(handler)


def _set_libtiff_handler(handler: int | None) -> int | None:
    """Choose who gets the errors of the libtiff that Pillow is linked to; return who got them.

    libtiff writes them to file descriptor 2 itself, past all that Python can catch, and Pillow leaves it so.
    """
    try:
        choose = ctypes.CDLL(_imaging.__file__).TIFFSetErrorHandler
    except AttributeError:  # linked into Pillow with hidden names
        return None
    choose.argtypes, choose.restype = [ctypes.c_void_p], ctypes.c_void_p
    previous: int | None = choose(handler)
    return previous


def examine(data: bytes) -> Facts:
    """Decode a file to its last byte. Raises BadImageError."""
    if not data:
        raise BadImageError("zero bytes", "the file is empty")
    with _open(data) as image, _damage_told():
        kind, mode, frames = image.format or "", image.mode, _frames(image)
        transparent = image.has_transparency_data
        colour: Colour = "grey" if mode in ("L", "1") else "rgb"
        pixels = _decode_fast(data, kind, mode, colour)
        if pixels is None:
            pixels = _decode_pillow(image, colour)
        orientation = _orientation(image)  # after the pixels: a PNG's is looked for behind them, and damage forgiven
    pixels = _upright(pixels, orientation)
    height, width, channels = pixels.shape
    digest = hashlib.sha256(f"{height} {width} {channels} ".encode())
    for rows in _bands(height, width):
        digest.update(np.ascontiguousarray(pixels[rows]).data)
    return Facts(kind, mode, width, height, orientation, frames, transparent, digest.hexdigest())


def real_format(data: bytes) -> str:
    """Return the format that a file's first bytes tell, whatever its name says; empty if none that is known."""
    try:
        with _open(data) as image:
            return image.format or ""
    except BadImageError:
        return ""


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
    pixels = _decode_fast(data, format, mode, colour, at_least)
    if pixels is None:
        with _open(data) as image, _damage_told():
            pixels = _decode_pillow(image, colour)
    return _upright(pixels, orientation)


def _decode_fast(
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
        smallest = {"min_height": -(-height // scale), "min_width": -(-width // scale)} if scale > 1 else {}
        pixels: Pixels = simplejpeg.decode_jpeg(data, space, **smallest)
    except ValueError:
        return None
    return pixels


def _open(data: bytes) -> Image.Image:
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except Image.DecompressionBombError as error:
        raise BadImageError("decompression bomb", str(error)) from None
    except UnidentifiedImageError:
        raise BadImageError("not an image", f"no known image format; the file begins with {data[:8]!r}") from None
    except Exception as error:  # Pillow's plugins raise all kinds of exceptions on damaged headers
        raise BadImageError("truncated or damaged", f"{type(error).__name__}: {error}") from None
    if image.width * image.height > (limit := _most_pixels(image)):
        raise BadImageError("decompression bomb", f"{image.width} x {image.height} pixels; the limit is {limit:,}")
    if image.format in ("JPEG", "MPO") and _has_too_many_scans(data):
        raise BadImageError("decompression bomb", f"more than {MAX_JPEG_SCANS} scans")
    return image


def _most_pixels(image: Image.Image) -> int:
    codecs = {tile[0] for tile in getattr(image, "tile", [])}
    if codecs & Image.DECODERS.keys():
        return MAX_PIXELS_SLOW
    return MAX_PIXELS_HEAVY if image.format in HEAVY_FORMATS else MAX_PIXELS


def _has_too_many_scans(data: bytes) -> bool:
    """Count a JPEG's scans up to its end, where other bytes may follow: phones append a film."""
    if data.count(b"\xff\xda") <= MAX_JPEG_SCANS:
        return False
    scans, at = 0, 2
    while (marker := JPEG_MARKER.search(data, at)) and marker[0] != b"\xff\xd9":
        scans += marker[0] == b"\xff\xda"
        at = marker.end() + int.from_bytes(data[marker.end() : marker.end() + 2], "big")
    return scans > MAX_JPEG_SCANS


@contextmanager
def _damage_told() -> Iterator[None]:
    """Turn whatever Pillow raises into BadImageError: a damaged file can raise anything, not only OSError."""
    try:
        yield
    except BadImageError:
        raise
    except Exception as error:
        raise BadImageError("truncated or damaged", f"{type(error).__name__}: {error}") from None


def _frames(image: Image.Image) -> int:
    if image.format != "TIFF":
        return getattr(image, "n_frames", 1)
    for page in range(1, MAX_TIFF_PAGES + 1):
        try:
            image.seek(page)
        except EOFError:
            image.seek(0)
            return page
    raise BadImageError("decompression bomb", f"more than {MAX_TIFF_PAGES:,} pages")


def _orientation(image: Image.Image) -> int:
    if image.format == "TIFF":  # Pillow turns these itself
        return 1
    try:
        orientation = int(image.getexif().get(EXIF_ORIENTATION, 1))
    except Exception:  # damaged EXIF raises all kinds; the pixels may still be whole
        return 1
    return orientation if orientation in range(1, 9) else 1


def _decode_pillow(image: Image.Image, colour: Colour) -> Pixels:
    image.load()
    pixels = np.empty((image.height, image.width, CHANNELS[colour]), np.uint8)
    brightest = _brightest(image)
    for rows, band in zip(_bands(image.height, image.width), _crops(image), strict=True):
        shown = _flatten(band, brightest).convert("RGB" if colour == "rgb" else "L")
        pixels[rows] = np.asarray(shown).reshape(pixels[rows].shape)
    return pixels


def _bands(height: int, width: int) -> Iterator[slice]:
    """Yield rows, so many at a time that the copies which a conversion makes stay small."""
    step = max(1, PIXELS_AT_ONCE // width)
    for top in range(0, height, step):
        yield slice(top, min(top + step, height))


def _crops(image: Image.Image) -> Iterator[Image.Image]:
    for rows in _bands(image.height, image.width):
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


def _upright(pixels: Pixels, orientation: int) -> Pixels:
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
        with _open(data) as image:
            format, mode, orientation = image.format or "", image.mode, _orientation(image)
    except BadImageError:
        return None
    try:
        return decode(data, format, mode, orientation, "rgb", at_least)
    except BadImageError:
        return _decode_damaged_jpeg(data, orientation) if format == "JPEG" else None


def _decode_damaged_jpeg(data: bytes, orientation: int) -> Pixels | None:
    try:
        return _upright(simplejpeg.decode_jpeg(data, "RGB", strict=False), orientation)
    except ValueError:
        return None
