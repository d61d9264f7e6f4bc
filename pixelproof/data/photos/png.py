"""What Pillow does not make of PNG files: their colours in numbers, levels of 16 bits, and chunks beside the pixels."""

import zlib
from collections.abc import Callable, Iterator
from typing import NamedTuple

import cv2
import numpy as np
from PIL import Image

from pixelproof.data.photos.icc import SRGB, Primaries
from pixelproof.data.photos.levels import find_range, to_8_bits
from pixelproof.data.photos.pixels import Pixels, over_white
from pixelproof.data.photos.profiles import (
    DAMAGED,
    MAX_PROFILE_BYTES,
    NONE,
    Conversion,
    calibrated,
    conversion,
    display_p3,
)

MAGIC = b"\x89PNG\r\n\x1a\n"
ANIMATION = {b"acTL", b"fcTL", b"fdAT"}
NEEDED = {b"tRNS", *ANIMATION}  # chunks that are called ancillary, and still change the pixels
EXIF = b"eXIf"  # may say how the photo is turned
GAMMA_TOLERANCE = 0.05  # as libpng has it: what is nearer to 1/2.2 is meant for sRGB
BT709, DISPLAY_P3 = 1, 12  # cICP's primaries (ITU-T H.273)
SRGB_CURVES = {1, 6, 13, 14, 15}  # cICP's transfers that 8-bit pictures show like that of sRGB


class Chunk(NamedTuple):
    """A chunk of a PNG file: its kind, where it starts and ends, and whether it is as its checksum says."""

    kind: bytes
    start: int
    end: int
    sound: bool


def chunks(data: bytes) -> Iterator[Chunk]:
    """Yield the chunks of a PNG file, up to its end or to where they no longer follow each other."""
    at = len(MAGIC)
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        kind = data[at + 4 : at + 8]
        ancillary = bool(kind[0] & 0x20)  # only of these does anybody here ask whether they are sound
        yield Chunk(kind, at, end, not ancillary or _is_sound(data, at, end))
        at = end


def _is_sound(data: bytes, start: int, end: int) -> bool:
    return end <= len(data) and zlib.crc32(data[start + 4 : end - 4]) == int.from_bytes(data[end - 4 : end], "big")


def without_side_chunks(data: bytes) -> bytes | None:
    """Return a PNG file without text, profile and whatever else is not its pixels; None if there is nothing of that.

    A damaged chunk that changes the pixels stays, for the decoder to find.
    """
    if not data.startswith(MAGIC):
        return None
    return _without(data, lambda chunk: not (_is_critical(chunk) or _changes_pixels(chunk)))


def _is_critical(chunk: Chunk) -> bool:
    return not chunk.kind[0] & 0x20


def _changes_pixels(chunk: Chunk) -> bool:
    return chunk.kind in NEEDED or (chunk.kind == EXIF and chunk.sound)


def _without(data: bytes, needless: Callable[[Chunk], bool]) -> bytes | None:
    """Return a PNG file without the chunks that are needless; None if there are none."""
    kept, at, dropped = [], 0, False
    for chunk in chunks(data):
        if needless(chunk):
            kept.append(data[at : chunk.start])
            at, dropped = chunk.end, True
    return b"".join([*kept, data[at:]]) if dropped else None


def colours(data: bytes, mode: str) -> Conversion:
    """Return how to convert the pixels of a PNG file, of Pillow's `mode` RGB or L, to sRGB.

    Of what a file may say of its colours the first counts: cICP, iCCP, sRGB, gAMA with cHRM (PNG, 3rd edition, 4.3).
    """
    found: dict[bytes, bytes] = {}
    for chunk in chunks(data):
        if chunk.kind == b"IDAT":
            break
        if chunk.sound:
            found.setdefault(chunk.kind, data[chunk.start + 8 : chunk.end - 4])
    if b"cICP" in found:
        return _coded(found[b"cICP"], mode)
    if b"iCCP" in found:
        return _profiled(found[b"iCCP"], mode)
    return NONE if b"sRGB" in found else _in_numbers(found, mode)


def _coded(content: bytes, mode: str) -> Conversion:
    primaries, transfer = content[:2] if len(content) == 4 else (0, 0)
    if transfer not in SRGB_CURVES or primaries not in (BT709, DISPLAY_P3):
        return Conversion(note=f"colours of another kind, not converted (cICP {primaries} {transfer})")
    return NONE if primaries == BT709 or mode == "L" else display_p3()


def _profiled(content: bytes, mode: str) -> Conversion:
    _, _, rest = content.partition(b"\0")
    inflate = zlib.decompressobj()
    try:
        profile = inflate.decompress(rest[1:], MAX_PROFILE_BYTES) if rest[:1] == b"\0" else b""
    except zlib.error:
        profile = b""
    return conversion(profile, mode) if profile and inflate.eof else Conversion(note=DAMAGED)


def _in_numbers(found: dict[bytes, bytes], mode: str) -> Conversion:
    gamma, primaries = _integers(found.get(b"gAMA", b"")), _integers(found.get(b"cHRM", b""))
    if len(gamma) != 1 or not 0.1 < gamma[0] < 10:
        return NONE
    chromaticities: Primaries = primaries if len(primaries) == 8 else SRGB
    usual = abs(gamma[0] * 2.2 - 1) < GAMMA_TOLERANCE
    if usual and np.allclose(chromaticities, SRGB, atol=0.005):
        return NONE
    return calibrated(1 / gamma[0], chromaticities, mode)


def _integers(content: bytes) -> tuple[float, ...]:
    """Return numbers as gAMA and cHRM hold them, in hundred-thousandths."""
    return tuple(int.from_bytes(content[at : at + 4], "big") / 100_000 for at in range(0, len(content) - 3, 4))


def is_deep(data: bytes) -> bool:
    """Tell whether a PNG file has 16 bits a channel."""
    return data.startswith(MAGIC) and data[24:25] == b"\x10"


def read_deep(data: bytes, image: Image.Image) -> tuple[Pixels, bool, str]:
    """Return the pixels of a PNG file of 16 bits, as `tiff.read_deep` does; `image` is the same file, opened.

    Pillow finds what is damaged, and reads every level of grey. Of several channels it keeps 8 bits: too few to tell
    how many are in use, or which colour is the transparent one.
    """
    image.load()
    if image.mode.startswith("I"):
        levels = np.asarray(image)[..., None]
        alpha = levels[..., 0] != image.info["transparency"] if "transparency" in image.info else None
    else:
        levels, alpha = _channels(data)
    seen = levels if alpha is None else levels * (alpha > 0)[..., None].astype(np.uint16)
    span = find_range(seen)
    pixels = to_8_bits(levels, span)
    if alpha is None:
        return pixels, False, span.note
    return over_white(pixels, alpha.astype(np.float32)), True, span.note


def _channels(data: bytes) -> tuple[np.ndarray, np.ndarray | None]:
    """Return RGB, which OpenCV gives as BGR, and the alpha, 0 to 1. Raises ValueError.

    Of an animation whose first picture is none of its frames OpenCV 5.0 gives an empty frame: so it gets no animation.
    """
    still = _without(data, lambda chunk: chunk.kind in ANIMATION) or data
    levels = cv2.imdecode(np.frombuffer(still, np.uint8), cv2.IMREAD_UNCHANGED)
    if levels is None or levels.dtype != np.uint16 or levels.ndim != 3:
        raise ValueError("16 bits that OpenCV cannot read")
    alpha = levels[..., 3] / 65535 if levels.shape[2] == 4 else None
    return levels[..., 2::-1], alpha
