"""Levels of more than 8 bits, signed or of floating point, to 8 bits; the range that they span has to be proved."""

from typing import NamedTuple

import numpy as np

from pixelproof.data.photos.bad_image import BadImageError
from pixelproof.data.photos.pixels import Pixels, bands

DARKEST = 16  # a photo that stays below 1/16 of white is taken for one of fewer bits than its file has room for
FLOAT_RANGES = (1.0, 255.0, 65535.0)  # white, as programs write it
OVERSHOOT = 0.05  # of white: resampling and sharpening go so far beyond black and white
REMEDY = "save it with 8 bits, or with levels from black to white over the whole range"


class Range(NamedTuple):
    """The levels that are shown black and white, and a note."""

    black: float
    white: float
    note: str


def to_8_bits(levels: np.ndarray, span: Range, *, inverted: bool = False) -> Pixels:
    """Scale levels (height, width, channels) to 0 (black) to 255 (white); what is not a number becomes black."""
    height, width, channels = levels.shape
    pixels = np.empty((height, width, channels), np.uint8)
    for rows in bands(height, width * channels):
        scaled = (levels[rows].astype(np.float64) - span.black) * (255 / (span.white - span.black))
        rounded = np.nan_to_num(scaled, nan=0, posinf=255, neginf=0).clip(0, 255).round().astype(np.uint8)
        pixels[rows] = 255 - rounded if inverted else rounded
    return pixels


def find_range(levels: np.ndarray, *, bits: int | None = None, declared: tuple[float, float] | None = None) -> Range:
    """Find which levels are black and white: as the file says (`declared`), or as its levels prove.

    `bits` of a level may be fewer than its type has. Raises BadImageError where nothing proves the range.
    """
    lowest, brightest = _extremes(levels)
    kind = "floating point" if levels.dtype.kind == "f" else "more than 8 bits"
    if declared and declared[0] < declared[1] and declared[0] <= lowest and brightest <= declared[1]:
        return Range(*declared, f"{kind}, scaled")
    if levels.dtype.kind == "f":
        return Range(*_float_range(levels, lowest, brightest), f"{kind}, scaled")
    bits = bits or levels.dtype.itemsize * 8
    return _signed(levels, lowest, brightest, bits) if lowest < 0 else _unsigned(levels, brightest, bits)


def _extremes(levels: np.ndarray) -> tuple[float, float]:
    if levels.dtype.kind != "f":
        return int(levels.min()), int(levels.max())
    finite = levels[np.isfinite(levels)]
    if not finite.size:
        raise BadImageError("range of levels unknown", "no level is a number")
    return float(finite.min()), float(finite.max())


def _unsigned(levels: np.ndarray, brightest: float, bits: int) -> Range:
    """Take the whole range, or that of fewer bits whose very last level occurs: 4095, say, for 12 bits in 16."""
    bits -= levels.dtype.kind == "i"  # a bit for the sign, which none has
    full = 2**bits - 1
    used = int(brightest).bit_length()
    if 8 <= used < bits and brightest == 2**used - 1:
        return Range(0, brightest, f"more than 8 bits, scaled ({used} bits in {levels.dtype.itemsize * 8})")
    if brightest * DARKEST >= full or _is_stretched(levels, bits):
        return Range(0, full, "more than 8 bits, scaled")
    raise BadImageError(
        "range of levels unknown",
        f"levels up to {brightest:,.0f} of {full:,}: a dark photo, or one of fewer bits; {REMEDY}",
    )


def _is_stretched(levels: np.ndarray, bits: int) -> bool:
    """Tell whether levels come from 8 bits that were spread over all, so that a dark photo is just that."""
    steps = {16: (256, 257), 32: (65536, 65537)}.get(bits, ())
    return any(not (levels % step).any() for step in steps)


def _signed(levels: np.ndarray, lowest: float, brightest: float, bits: int) -> Range:
    half = 2 ** (bits - 1)
    if lowest < -half / 2 and brightest > half / 2:
        return Range(-half, half - 1, "more than 8 bits, scaled (signed)")
    raise BadImageError("range of levels unknown", f"signed levels from {lowest:,.0f} to {brightest:,.0f}; {REMEDY}")


def _float_range(levels: np.ndarray, lowest: float, brightest: float) -> tuple[float, float]:
    if lowest == -1 and brightest == 1:
        return -1, 1
    white = _float_white(levels, brightest)
    if white is None or lowest < -OVERSHOOT * white:
        raise BadImageError(
            "range of levels unknown", f"floating point from {lowest:.6g} to {brightest:.6g}; {REMEDY} (0 to 1)"
        )
    return 0, white


def _float_white(levels: np.ndarray, brightest: float) -> float | None:
    """Return 1, 255 or 65535, or the last level of fewer bits where the levels end there."""
    for bits in range(9, 17):
        if 2**bits - 1 <= brightest <= 2**bits:
            return float(2**bits - 1)
    for white in FLOAT_RANGES:
        if white / DARKEST <= brightest <= white * (1 + OVERSHOOT):
            return white
    return 1.0 if 0 <= brightest <= 1 and _are_255ths(levels) else None


def _are_255ths(levels: np.ndarray) -> bool:
    steps = np.nan_to_num(levels.astype(np.float64), nan=0, posinf=0, neginf=0) * 255
    return bool((np.abs(steps - steps.round()) < 1e-3).all())
