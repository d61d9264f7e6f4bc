"""What a full decode tells about a file: its format and size, and hashes by which its copies are found."""

import hashlib
from dataclasses import dataclass

import numpy as np

from pixelproof.data.ingest.perceptual import perceptual_hashes
from pixelproof.data.photos.decode import decode_fast, upright
from pixelproof.data.photos.modes import Colour, bands, to_pixels
from pixelproof.data.photos.opening import (
    BadImageError,
    count_frames,
    damage_told,
    in_turn,
    open_image,
    read_orientation,
)


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
    perceptual_hash: str | None = None  # 16 hex digits; none of tiny and of nearly blank pictures
    fine_hash: str | None = None  # 64 hex digits, likewise


def examine(data: bytes) -> Facts:
    """Decode a file to its last byte. Raises BadImageError."""
    if not data:
        raise BadImageError("zero bytes", "the file is empty")
    with open_image(data) as image, damage_told(), in_turn(image):
        kind, mode, frames = image.format or "", image.mode, count_frames(image)
        transparent = image.has_transparency_data
        colour: Colour = "grey" if mode in ("L", "1") else "rgb"
        pixels = decode_fast(data, kind, mode, colour)
        if pixels is None:
            pixels = to_pixels(image, colour)
        orientation = read_orientation(image)  # after the pixels: a PNG may hold it behind them, damaged or not
    pixels = upright(pixels, orientation)
    height, width, channels = pixels.shape
    pixels = np.ascontiguousarray(pixels)
    digest = hashlib.sha256(f"{height} {width} {channels} ".encode())
    for rows in bands(height, width):
        digest.update(pixels[rows].data)
    hashes = perceptual_hashes(pixels)
    return Facts(kind, mode, width, height, orientation, frames, transparent, digest.hexdigest(), *hashes)
