"""Perceptual hashes: bits that hardly change when a photo is resized, saved again or trimmed a little."""

import cv2
import numpy as np

THUMBNAIL_PX = 64  # side of the grey thumbnail that is hashed; a smaller picture has no hash
SAMPLES_PX = 128  # the photo is sampled at so many points a side, then averaged down to the thumbnail
LARGE_PIXELS = 1_000_000  # a larger photo has finer texture, and takes twice the points a side to average it out
FLAT = 4.0  # grey levels; the hash of a picture whose thumbnail deviates less tells the noise of its compression
COARSE, FINE = 8, 16  # so many of the lowest frequencies, in each direction
FINE_BITS = FINE * FINE


def perceptual_hashes(pixels: np.ndarray) -> tuple[str | None, str | None]:
    """Hash an upright image, uint8 (height, width, 1 or 3): 64 bits and 256 bits, as 16 and 64 hex digits.

    None for both where a hash would mean nothing: a side below THUMBNAIL_PX, or a picture that is nearly blank.

    The method is pHash (C. Zauner, 2010, "Implementation and Benchmarking of Perceptual Image Hash Functions"):
    which of the lowest frequencies of the discrete cosine transform lie above their median. The 64 bits are of
    8 x 8 frequencies and find copies; the 256 are of 16 x 16 and tell them from pictures that look alike from afar.
    """
    if min(pixels.shape[:2]) < THUMBNAIL_PX:
        return None, None
    thumbnail = _thumbnail(pixels)
    if thumbnail.std() < FLAT:
        return None, None
    frequencies = cv2.dct(thumbnail)
    return _above_median(frequencies[:COARSE, :COARSE]), _above_median(frequencies[:FINE, :FINE])


def _thumbnail(pixels: np.ndarray) -> np.ndarray:
    """Return the grey thumbnail, float32; averaging every pixel instead would cost as much as half the decode."""
    side = SAMPLES_PX * (2 if pixels.shape[0] * pixels.shape[1] > LARGE_PIXELS else 1)
    sampled = cv2.resize(pixels, (side, side), interpolation=cv2.INTER_LINEAR)
    small = cv2.resize(sampled, (THUMBNAIL_PX, THUMBNAIL_PX), interpolation=cv2.INTER_AREA)
    grey: np.ndarray = small if small.ndim == 2 else cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    return grey.astype(np.float32)


def _above_median(frequencies: np.ndarray) -> str:
    return np.packbits(frequencies > np.median(frequencies)).tobytes().hex()
