"""Bytes of an image file to pixels, uint8, upright."""

import hashlib
import io
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import numpy as np
import simplejpeg
from PIL import Image, ImageCms, UnidentifiedImageError

from pixelproof.data.perceptual import perceptual_hashes

Colour = Literal["rgb", "grey"]
CHANNELS: dict[Colour, int] = {"rgb": 3, "grey": 1}
JPEG_MODES = {"RGB", "L"}  # what the fast decoder takes; Pillow takes the rest
JPEG_SCALES = (8, 4, 2)  # fractions of the size that libjpeg-turbo decodes to with SIMD code
MAX_PIXELS = 100_000_000  # above it a file is taken for a decompression bomb
BACKGROUND = (255, 255, 255)  # what shows through transparent pixels
EXIF_ORIENTATION = 274

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
    perceptual_hash: str | None = None  # 16 hex digits; none of tiny and of nearly blank pictures
    fine_hash: str | None = None  # 64 hex digits, likewise


@contextmanager
def quiet_pillow() -> Iterator[None]:
    """Keep Pillow's notes about odd files off the terminal, in all threads."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def examine(data: bytes) -> Facts:
    """Decode a file to its last byte. Raises BadImageError."""
    if not data:
        raise BadImageError("zero bytes", "the file is empty")
    with _open(data) as image, _damage_told():
        orientation = _orientation(image)
        kind, mode, frames = image.format or "", image.mode, getattr(image, "n_frames", 1)
        transparent = image.has_transparency_data
    pixels = decode(data, kind, mode, orientation, "grey" if mode in ("L", "1") else "rgb")
    height, width, channels = pixels.shape
    pixels = np.ascontiguousarray(pixels)
    digest = hashlib.sha256(f"{height} {width} {channels} ".encode())
    digest.update(pixels.data)
    hashes = perceptual_hashes(pixels)
    return Facts(kind, mode, width, height, orientation, frames, transparent, digest.hexdigest(), *hashes)


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
    if format == "JPEG" and mode in JPEG_MODES:
        if at_least and orientation >= 5:
            at_least = at_least[1], at_least[0]
        pixels = _decode_jpeg(data, colour, at_least)
        if pixels is not None:
            return _upright(pixels, orientation)
    return _upright(_decode_pillow(data, colour), orientation)


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
        image = Image.open(io.BytesIO(data))
    except Image.DecompressionBombError as error:
        raise BadImageError("decompression bomb", str(error)) from None
    except UnidentifiedImageError:
        raise BadImageError("not an image", f"no known image format; the file begins with {data[:8]!r}") from None
    except Exception as error:  # Pillow's plugins raise all kinds of exceptions on damaged headers
        raise BadImageError("truncated or damaged", f"{type(error).__name__}: {error}") from None
    if image.width * image.height > MAX_PIXELS:
        raise BadImageError("decompression bomb", f"{image.width} x {image.height} pixels; the limit is {MAX_PIXELS:,}")
    return image


@contextmanager
def _damage_told() -> Iterator[None]:
    """Turn whatever Pillow raises into BadImageError: a damaged file can raise anything, not only OSError."""
    try:
        yield
    except BadImageError:
        raise
    except Exception as error:
        raise BadImageError("truncated or damaged", f"{type(error).__name__}: {error}") from None


def _orientation(image: Image.Image) -> int:
    if image.format == "TIFF":  # Pillow turns these itself
        return 1
    try:
        orientation = int(image.getexif().get(EXIF_ORIENTATION, 1))
    except Exception:  # damaged EXIF raises all kinds; the pixels may still be whole
        return 1
    return orientation if orientation in range(1, 9) else 1


def _decode_pillow(data: bytes, colour: Colour) -> Pixels:
    with _open(data) as image, _damage_told():
        image.load()
        pixels = np.asarray(_flatten(image).convert("RGB" if colour == "rgb" else "L"))
    return pixels.reshape(*pixels.shape[:2], CHANNELS[colour])


def _flatten(image: Image.Image) -> Image.Image:
    """Return an image that `convert` takes to RGB or grey without loss of what is seen."""
    if image.mode.startswith("I"):  # 16 bits or more: scaled, since a conversion would clip at 255
        values = np.asarray(image).astype(np.float64)
        return Image.fromarray((values / max(65535.0, values.max()) * 255).round().astype(np.uint8))
    if image.mode == "F":
        values = np.asarray(image)
        return Image.fromarray(np.clip(values * (255 if values.max() <= 1 else 1), 0, 255).astype(np.uint8))
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
