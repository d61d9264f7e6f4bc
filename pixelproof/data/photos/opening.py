"""Image files opened by Pillow: in silence, only formats of photos, nothing that would fill the memory."""

import ctypes
import io
import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache

import cv2
from PIL import Image, UnidentifiedImageError, _imaging

from pixelproof.data.photos.bad_image import BadImageError
from pixelproof.data.photos.limits import MAX_MEGAPIXELS, check_size
from pixelproof.data.photos.unread import name_unread

# Formats of photos. Others that Pillow knows start a program (EPS), decode before the size can be checked (ICO), or
# take any bytes for theirs (TGA).
FORMATS = ("AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP")
EXIF_ORIENTATION = 274
LOGGERS = ("PIL", "tifffile")

# The settings that `quiet_pillow` changes are the whole process's.
_lock = threading.Lock()
_asked: list[int] = []  # the limits, in megapixels, of the blocks that are running
_until_the_last = ExitStack()


@cache
def formats() -> tuple[str, ...]:
    """Return the formats that are read here: FORMATS, and HEIF where the extra `heic` is installed."""
    try:
        import pi_heif
    except ImportError:
        return FORMATS
    pi_heif.register_heif_opener()
    return (*FORMATS, "HEIF")


@contextmanager
def quiet_pillow(max_megapixels: int = MAX_MEGAPIXELS) -> Iterator[None]:
    """Keep what Pillow, libtiff and OpenCV tell about odd files off the terminal, in all threads.

    Pillow's own limit is raised to `max_megapixels`, so that the one which users choose decides. Blocks of several
    threads may overlap in any order: the first one changes these settings, the last one puts them back, and in between
    Pillow's limit is the highest that is asked for.
    """
    with _lock:
        if not _asked:
            _until_the_last.enter_context(_silence())
        _asked.append(max_megapixels)
        Image.MAX_IMAGE_PIXELS = max(_asked) * 1_000_000
    try:
        yield
    finally:
        with _lock:
            _asked.remove(max_megapixels)
            if _asked:
                Image.MAX_IMAGE_PIXELS = max(_asked) * 1_000_000
            else:
                _until_the_last.close()


@contextmanager
def _silence() -> Iterator[None]:
    loggers = [logging.getLogger(name) for name in LOGGERS]
    levels, handler, limit = [logger.level for logger in loggers], _set_libtiff_handler(None), Image.MAX_IMAGE_PIXELS
    opencv = cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    for logger in loggers:
        logger.setLevel(logging.CRITICAL)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
        Image.MAX_IMAGE_PIXELS = limit
        cv2.utils.logging.setLogLevel(opencv)
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


def open_image(data: bytes, max_megapixels: int = MAX_MEGAPIXELS) -> Image.Image:
    """Open an image file; its pixels are not decoded yet. Raises BadImageError."""
    try:
        image = Image.open(io.BytesIO(data), formats=formats())
    except Image.DecompressionBombError as error:
        raise BadImageError("decompression bomb", str(error)) from None
    except UnidentifiedImageError:
        raise _unidentified(data) from None
    except Exception as error:  # Pillow's plugins raise all kinds of exceptions on damaged headers
        raise BadImageError("truncated or damaged", f"{type(error).__name__}: {error}") from None
    check_size(image, data, max_megapixels)
    return image


def _unidentified(data: bytes) -> BadImageError:
    unread = name_unread(data)
    if unread:
        return BadImageError("format not read", unread)
    return BadImageError("not an image", f"no known image format; the file begins with {data[:8]!r}")


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
    """Return the format that a file's first bytes show, whatever its name says; empty if none that is known."""
    try:
        with open_image(data) as image:
            return image.format or ""
    except BadImageError:
        return ""
