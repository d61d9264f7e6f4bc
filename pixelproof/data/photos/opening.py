"""Image files opened by Pillow: in silence, only formats of photos, nothing that would fill the memory or never end."""

import ctypes
import io
import logging
import re
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from threading import Lock

from PIL import Image, UnidentifiedImageError, _imaging

# Formats of photos. Others that Pillow knows start a program (EPS), decode before the size can be checked (ICO), or
# take any bytes for theirs (TGA).
FORMATS = ("AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP")
MAX_PIXELS = 100_000_000  # above it a file is taken for a decompression bomb
MAX_PIXELS_HEAVY = 40_000_000  # of these formats, whose decoders take the most memory for a pixel
HEAVY_FORMATS = {"JPEG2000", "WEBP"}
MAX_PIXELS_SLOW = 2_000_000  # of what Pillow decodes in Python, byte by byte: PPM as text or of odd depth, packed BMP
MAX_JPEG_SCANS = 500  # each goes over all pixels again; encoders write about ten
MAX_TIFF_PAGES = 10_000  # finding the next takes the longer, the more there are
JPEG_MARKER = re.compile(rb"\xff[\x02-\xcf\xd9-\xfe]")  # between them lies the coded picture, which holds none
EXIF_ORIENTATION = 274
LARGE_PIXELS = 25_000_000  # more are decoded one file at a time: a decoder may take several times the pixels
LARGE_IN_TURN = Lock()


class BadImageError(Exception):
    """A file that cannot be used: `reason` is one of a few words to count by, `detail` the particulars."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


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


def open_image(data: bytes) -> Image.Image:
    """Open an image file; its pixels are not decoded yet. Raises BadImageError."""
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


def in_turn(image: Image.Image) -> AbstractContextManager[object]:
    """Return a context to decode an open image in: only one large one at a time, whatever the number of cores."""
    return LARGE_IN_TURN if image.width * image.height > LARGE_PIXELS else nullcontext()


@contextmanager
def damage_told() -> Iterator[None]:
    """Turn whatever Pillow raises into BadImageError: a damaged file can raise anything, not only OSError."""
    try:
        yield
    except BadImageError:
        raise
    except Exception as error:
        raise BadImageError("truncated or damaged", f"{type(error).__name__}: {error}") from None


def count_frames(image: Image.Image) -> int:
    """Return the number of frames or pages. Raises BadImageError if there is no end of them."""
    if image.format != "TIFF":
        return getattr(image, "n_frames", 1)
    for page in range(1, MAX_TIFF_PAGES + 1):
        try:
            image.seek(page)
        except EOFError:
            image.seek(0)
            return page
    raise BadImageError("decompression bomb", f"more than {MAX_TIFF_PAGES:,} pages")


def read_orientation(image: Image.Image) -> int:
    """Return the EXIF orientation, 1 to 8; 1, upright, if there is none that makes sense."""
    if image.format == "TIFF":  # Pillow turns these itself
        return 1
    try:
        orientation = int(image.getexif().get(EXIF_ORIENTATION, 1))
    except Exception:  # damaged EXIF raises all kinds; the pixels may still be whole
        return 1
    return orientation if orientation in range(1, 9) else 1


def real_format(data: bytes) -> str:
    """Return the format that a file's first bytes tell, whatever its name says; empty if none that is known."""
    try:
        with open_image(data) as image:
            return image.format or ""
    except BadImageError:
        return ""
