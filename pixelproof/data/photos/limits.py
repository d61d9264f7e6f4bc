"""How large a photo may be: what is larger is taken for a decompression bomb, before its pixels are decoded."""

import re
from contextlib import AbstractContextManager, nullcontext
from threading import Lock

from PIL import Image

from pixelproof.data.photos.bad_image import BadImageError

MAX_MEGAPIXELS = 250  # the default of ingest.max_megapixels: phones write up to 200
# A JPEG can be decoded at a fraction of its size; others come out whole, in up to 8 and 16 bytes a pixel.
WHOLE, HEAVY = 2, 4  # so many times lower is the limit for them
HEAVY_FORMATS = {"HEIF", "JPEG2000", "WEBP"}
MAX_PIXELS_SLOW = 2_000_000  # of what Pillow decodes in Python, byte by byte: PPM as text or of odd depth, packed BMP
MAX_JPEG_SCANS = 500  # each goes over all pixels again; encoders write about ten
MAX_TIFF_PAGES = 10_000  # finding the next takes the longer, the more there are
JPEG_MARKER = re.compile(rb"\xff[\x02-\xcf\xd9-\xfe]")  # between them lies the coded picture, which holds none
LARGE_PIXELS = 25_000_000  # more are decoded one file at a time: a decoder may take several times the pixels
LARGE_IN_TURN = Lock()


def check_size(image: Image.Image, data: bytes, max_megapixels: int) -> None:
    """Raise BadImageError if an opened image would fill the memory, or take minutes."""
    codecs = {tile[0] for tile in getattr(image, "tile", [])}
    slow = bool(codecs & Image.DECODERS.keys())
    check_pixels(image.width, image.height, image.format or "", max_megapixels, slow=slow)
    if image.format in ("JPEG", "MPO") and _has_too_many_scans(data):
        raise BadImageError("decompression bomb", f"more than {MAX_JPEG_SCANS} scans")


def check_side(height: int, width: int, min_side_px: int) -> None:
    """Raise BadImageError if a side of the photo is too small."""
    if min(width, height) < min_side_px:
        raise BadImageError("too small", f"{width} x {height} pixels; ingest.min_side_px is {min_side_px}")


def check_pixels(width: int, height: int, format: str, max_megapixels: int, *, slow: bool = False) -> None:
    """Raise BadImageError if there are more pixels than a photo of this format may have."""
    limit = max_megapixels * 1_000_000 // _share(format)
    key = "ingest.max_megapixels" + (f" / {_share(format)} for {format}" if _share(format) > 1 else "")
    if slow and limit > MAX_PIXELS_SLOW:
        limit, key = MAX_PIXELS_SLOW, f"a kind of {format} that is decoded slowly"
    if width * height > limit:
        raise BadImageError("decompression bomb", f"{width} x {height} pixels; the limit is {limit:,} ({key})")


def _share(format: str) -> int:
    if format in ("JPEG", "MPO"):
        return 1
    return HEAVY if format in HEAVY_FORMATS else WHOLE


def _has_too_many_scans(data: bytes) -> bool:
    """Count a JPEG's scans up to its end, where other bytes may follow: phones append a film."""
    if data.count(b"\xff\xda") <= MAX_JPEG_SCANS:
        return False
    scans, at = 0, 2
    while (marker := JPEG_MARKER.search(data, at)) and marker[0] != b"\xff\xd9":
        scans += marker[0] == b"\xff\xda"
        at = marker.end() + int.from_bytes(data[marker.end() : marker.end() + 2], "big")
    return scans > MAX_JPEG_SCANS


def in_turn(width: int, height: int) -> AbstractContextManager[object]:
    """Return a context to decode pixels in: only one large photo at a time, whatever the number of cores."""
    return LARGE_IN_TURN if width * height > LARGE_PIXELS else nullcontext()


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
