"""TIFF files of more than 8 bits, signed, or of floating point: read with every level, which Pillow does not do.

By tifffile where the strips are stored plainly or deflated; its other codecs would be a large dependency. Others by
the libtiff in Pillow (one channel) and in OpenCV (several).
"""

import io
import zlib
from typing import Any

import cv2
import numpy as np
from PIL import Image, TiffImagePlugin, UnidentifiedImageError

from pixelproof.data.photos.bad_image import BadImageError
from pixelproof.data.photos.levels import find_range, to_8_bits
from pixelproof.data.photos.limits import MAX_TIFF_PAGES, check_pixels
from pixelproof.data.photos.pixels import Pixels, over_white

BIG = b"II+\0"
MAGIC = (b"II*\0", b"MM\0*", BIG)
BITS, COMPRESSION, PHOTOMETRIC, SAMPLES, PLANAR, EXTRA, SAMPLE_FORMAT = 258, 259, 262, 277, 284, 338, 339
MAX_SAMPLE, S_MIN_SAMPLE, S_MAX_SAMPLE, ORIENTATION, PROFILE, DNG_VERSION = 281, 340, 341, 274, 34675, 50706
WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, CMYK = 0, 1, 2, 5
NAMES = {3: "palette", 4: "mask", 6: "YCbCr", 8: "Lab", 32803: "raw of a camera", 34892: "raw of a camera"}
COMPRESSIONS = {
    **dict.fromkeys((33003, 33005, 34712), "JPEG 2000"),
    **dict.fromkeys((22610, 34934), "JPEG XR"),
    **dict.fromkeys((50002, 52546), "JPEG XL"),
    6: "JPEG of the old kind",
    34661: "JBIG",
    34887: "LERC",
    34933: "PNG",
    50001: "WebP",
}
PLAIN, DEFLATE, PACKBITS = {1}, {8, 32946}, {32773}
PREMULTIPLIED, PLAIN_ALPHA = 1, 2  # ExtraSamples: alpha that the colours are multiplied by, or not
Tags = dict[int, Any]
OTHER = "save it as TIFF with 8 bits or as PNG"


def read_tags(data: bytes) -> Tags:
    """Return the tags of a TIFF's first page, as Pillow reads them; none for other or damaged bytes."""
    if data[:4] not in MAGIC:
        return {}
    try:
        file = io.BytesIO(data)
        directory = _directory(file)
        file.seek(directory.next)
        directory.load(file)
        return dict(directory)
    except Exception:  # damaged tags raise all kinds; Pillow then says what is wrong with the file
        return {}


def is_deep(tags: Tags) -> bool:
    """Tell whether a level has more than 8 bits, or is signed, or of floating point."""
    return max(_numbers(tags, BITS, 1)) > 8 or set(_numbers(tags, SAMPLE_FORMAT, 1)) - {1, 4} != set()


def orientation(tags: Tags) -> int:
    """Return how the first page is turned or mirrored, 1 to 8 as in EXIF."""
    value = tags.get(ORIENTATION, 1)
    return int(value) if value in range(1, 9) else 1


def name_unread(tags: Tags) -> str | None:
    """Return what to do with a TIFF that failed to decode, if it is of a compression that libtiff often lacks."""
    name = COMPRESSIONS.get(tags.get(COMPRESSION, 1))
    return name and f"TIFF compressed as {name}: save it uncompressed or deflated, or as PNG"


def count_pages(data: bytes) -> int:
    """Return the number of pages. Raises BadImageError if there is no end of them."""
    file, pages = io.BytesIO(data), 1
    directory = _directory(file)
    while directory.next and pages <= MAX_TIFF_PAGES:
        file.seek(directory.next)
        directory.load(file)
        pages += bool(directory.next)
    if pages > MAX_TIFF_PAGES:
        raise BadImageError("decompression bomb", f"more than {MAX_TIFF_PAGES:,} pages")
    return pages


def _directory(file: io.BytesIO) -> TiffImagePlugin.ImageFileDirectory_v2:
    """Return the directory of a TIFF, whose `next` says where the first page's tags are."""
    header = file.read(8)
    return TiffImagePlugin.ImageFileDirectory_v2(header + (file.read(8) if header[:4] == BIG else b""))


def _numbers(tags: Tags, tag: int, default: float) -> tuple[Any, ...]:
    value = tags.get(tag, default)
    return value if isinstance(value, tuple) and value else (value or default,)


def read_deep(data: bytes, tags: Tags) -> tuple[Pixels, bool, str]:
    """Return pixels as they lie in the file, of 1 (grey), 3 (RGB) or 4 channels (CMYK), whether any are transparent,
    and a note. Raises BadImageError, also for what cannot be proved right.
    """
    levels = _read_levels(data, tags)
    colours = levels[..., : _channels(tags)]
    pixels, note = _shown(colours, tags)
    extra = _extra(tags)
    if extra is None:
        return pixels, False, note
    opaque = np.iinfo(levels.dtype).max if levels.dtype.kind == "u" else 1.0
    return over_white(pixels, levels[..., -1] / opaque, premultiplied=extra == PREMULTIPLIED), True, note


def _shown(colours: np.ndarray, tags: Tags) -> tuple[Pixels, str]:
    bits = None if colours.dtype.kind == "f" else int(_numbers(tags, BITS, 16)[0])
    whole = (0, float(np.iinfo(colours.dtype).max)) if tags.get(PHOTOMETRIC) == CMYK else None  # inks: no white to find
    span = find_range(colours, bits=bits, declared=whole or _declared(tags))
    return to_8_bits(colours, span, inverted=tags.get(PHOTOMETRIC) == WHITE_IS_ZERO), span.note


def _declared(tags: Tags) -> tuple[float, float] | None:
    """Return the levels of black and white that the file itself names."""
    if S_MIN_SAMPLE in tags and S_MAX_SAMPLE in tags:
        black, white = _numbers(tags, S_MIN_SAMPLE, 0)[0], _numbers(tags, S_MAX_SAMPLE, 0)[0]
    elif MAX_SAMPLE in tags:
        black, white = 0, _numbers(tags, MAX_SAMPLE, 0)[0]
    else:
        return None
    return (float(black), float(white)) if np.isfinite([black, white]).all() else None


def _channels(tags: Tags) -> int:
    """Return the number of channels without alpha; 0 for what is not read."""
    return {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, CMYK: 4}.get(tags.get(PHOTOMETRIC, BLACK_IS_ZERO), 0)


def _extra(tags: Tags) -> int | None:
    """Return what a channel of alpha means (ExtraSamples: 1 or 2), None without one, or where it means nothing."""
    if int(_numbers(tags, SAMPLES, 1)[0]) == _channels(tags):
        return None
    meaning = int(_numbers(tags, EXTRA, PLAIN_ALPHA)[0])
    return meaning if meaning in (PREMULTIPLIED, PLAIN_ALPHA) else None


def check(tags: Tags, max_megapixels: int) -> tuple[int, int]:
    """Return height and width of the first page, as they lie in the file.

    Raises BadImageError for what is too large, or of a kind whose levels mean nothing that can be shown.
    """
    width, height = (int(_numbers(tags, tag, 0)[0]) for tag in (256, 257))
    if width < 1 or height < 1:
        raise BadImageError("truncated or damaged", "a TIFF without a size")
    check_pixels(width, height, "TIFF", max_megapixels)
    photometric, channels = tags.get(PHOTOMETRIC, BLACK_IS_ZERO), _channels(tags)
    samples: int = int(_numbers(tags, SAMPLES, 1)[0])
    if not channels or DNG_VERSION in tags:
        raise _unread(NAMES.get(photometric, f"photometric {photometric}"), tags)
    if not channels <= samples <= channels + 1:
        raise _unread(f"{samples} channels", tags)
    if len(set(_numbers(tags, BITS, 1))) > 1 or len(set(_numbers(tags, SAMPLE_FORMAT, 1))) > 1:
        raise _unread("channels of several kinds", tags)
    return height, width


def _unread(kind: str, tags: Tags) -> BadImageError:
    bits = _numbers(tags, BITS, 1)[0]
    return BadImageError("format not read", f"TIFF, {kind}, {bits} bits a channel: {OTHER}")


def _read_levels(data: bytes, tags: Tags) -> np.ndarray:
    """Return the levels of all channels, (height, width, channels), of the type that they have in the file."""
    whole_bytes = _numbers(tags, BITS, 1)[0] % 8 == 0
    if tags.get(COMPRESSION, 1) in PLAIN | DEFLATE | PACKBITS and whole_bytes:
        return _by_tifffile(data, tags)
    return _by_pillow(data, tags) if _numbers(tags, SAMPLES, 1)[0] == 1 else _by_opencv(data, tags)


def _by_tifffile(data: bytes, tags: Tags) -> np.ndarray:
    import tifffile  # here: few sources hold such a file, and it takes a tenth of a second

    with tifffile.TiffFile(io.BytesIO(data)) as file:
        page = file.pages.first
        _check_strips(data, page, deflated=tags.get(COMPRESSION) in DEFLATE)
        levels: np.ndarray = page.asarray()
        axes = page.axes
    if axes == "YX":
        return levels[..., None]
    if axes not in ("YXS", "SYX"):
        raise _unread(f"axes {axes}", tags)
    return levels if axes == "YXS" else levels.transpose(1, 2, 0)


def _check_strips(data: bytes, page: Any, *, deflated: bool) -> None:
    """Raise BadImageError if a strip is missing, or inflates to more than it may: tifffile itself sees to neither."""
    limit = int(np.prod(page.chunks)) * page.dtype.itemsize
    for at, size in zip(page.dataoffsets, page.databytecounts, strict=True):
        if size < 1 or at + size > len(data):
            raise BadImageError("truncated or damaged", f"a strip of {size:,} bytes at {at:,} is not all there")
        inflate = zlib.decompressobj()
        if deflated and (inflate.decompress(data[at : at + size], limit) and inflate.unconsumed_tail):
            raise BadImageError("decompression bomb", f"a strip of {size:,} bytes inflates to more than {limit:,}")


def _by_pillow(data: bytes, tags: Tags) -> np.ndarray:
    """Read one channel; Pillow keeps its levels, though it calls all of 32 bits signed."""
    kind = "uif"[{2: 1, 3: 2}.get(_numbers(tags, SAMPLE_FORMAT, 1)[0], 0)]
    size = max(16, int(_numbers(tags, BITS, 16)[0]))
    try:
        with Image.open(io.BytesIO(data), formats=("TIFF",)) as image:
            levels = np.asarray(image)
    except UnidentifiedImageError:
        raise _unread(f"compressed, of the type {kind}{size}", tags) from None
    if (kind, size) == ("u", 32):
        levels = levels.view(np.uint32)
    if levels.dtype.kind not in (kind, "i") or levels.dtype.itemsize * 8 < size:
        raise _unread(f"compressed, of the type {kind}{size}", tags)
    return levels[..., None]


def _by_opencv(data: bytes, tags: Tags) -> np.ndarray:
    """Read several channels that lie side by side; OpenCV turns red and blue around."""
    shape = tuple(int(_numbers(tags, tag, 0)[0]) for tag in (257, 256, SAMPLES))
    levels: np.ndarray | None = None
    if _is_plain_rgb(tags):
        levels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if levels is None or levels.shape != shape or levels.dtype.itemsize * 8 != _numbers(tags, BITS, 1)[0]:
        raise _unread(f"compression {tags.get(COMPRESSION)}", tags)
    return levels[..., [2, 1, 0, 3][: shape[2]]]


def _is_plain_rgb(tags: Tags) -> bool:
    return tags.get(PHOTOMETRIC) == RGB and tags.get(PLANAR, 1) == 1
