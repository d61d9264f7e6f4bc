"""What a full decode tells about a file: its format and size, and hashes by which its copies are found."""

import hashlib
from dataclasses import dataclass, field

from pixelproof.data.ingest.perceptual import perceptual_hashes
from pixelproof.data.photos.limits import MAX_MEGAPIXELS
from pixelproof.data.photos.pixels import Pixels, bands
from pixelproof.data.photos.reading import read_photo


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
    remarks: list[str] = field(default_factory=list)  # of the decoder: damage, levels, colours


def examine(data: bytes, max_megapixels: int = MAX_MEGAPIXELS) -> Facts:
    """Decode a file to its last byte. Raises BadImageError."""
    photo = read_photo(data, max_megapixels)
    return Facts(
        photo.format,
        photo.mode,
        photo.width,
        photo.height,
        photo.orientation,
        photo.frames,
        photo.transparent,
        pixels_sha256(photo.pixels),
        *perceptual_hashes(photo.pixels),
        photo.notes,
    )


def pixels_sha256(pixels: Pixels) -> str:
    """Hash what the networks see: pixels in sRGB, upright, of one channel where they are grey."""
    height, width, channels = pixels.shape
    digest = hashlib.sha256(f"{height} {width} {channels} ".encode())
    for rows in bands(height, width):
        digest.update(pixels[rows].data)
    return digest.hexdigest()
