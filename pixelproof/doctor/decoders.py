"""The decoders of photos: a picture written in each format, and read as ingest reads photos."""

import io
from collections.abc import Iterator, Mapping

import numpy as np
from PIL import Image

from pixelproof.data.photos.bad_image import BadImageError
from pixelproof.data.photos.opening import FORMATS, formats
from pixelproof.data.photos.reading import read_photo
from pixelproof.doctor.finding import Finding, well, wrong

# How the picture is written: without loss, where the format can.
OPTIONS: Mapping[str, Mapping[str, object]] = {
    "AVIF": {"quality": 100, "subsampling": "4:4:4"},
    "JPEG": {"quality": 95, "subsampling": 0},
    "WEBP": {"lossless": True},
}
LOSS = {"AVIF": 4.0, "JPEG": 4.0}  # mean difference of a pixel, in levels; others keep every pixel
REMEDY = "Install Pillow as the project names it: `rm -f .venv/.ready && make setup`."
SIDE = 32  # pixels


def decoders() -> Iterator[Finding]:
    failed = {kind: why for kind in FORMATS if (why := failure(kind))}
    for kind, why in failed.items():
        yield wrong("decoders", f"{kind}: {why}", REMEDY)
    heic = "HEIC, too" if "HEIF" in formats() else "HEIC needs `pip install 'pixelproof[heic]'`"
    if not failed:
        yield well("decoders", f"{', '.join(FORMATS)} are read; {heic}")


def failure(kind: str) -> str:
    """Write and read the picture in a format; return what goes wrong, else ""."""
    picture, file = drawn(), io.BytesIO()
    try:
        Image.fromarray(picture).save(file, kind, **OPTIONS.get(kind, {}))
        read = read_photo(file.getvalue()).pixels
    except BadImageError as error:
        return f"cannot be read: {error}"
    except Exception as error:  # Pillow raises all kinds where a codec is missing
        return f"cannot be written or read: {type(error).__name__}: {error}"
    if read.shape != picture.shape:
        return f"read as {read.shape}, expected {picture.shape}"
    difference = float(np.abs(read.astype(int) - picture).mean())
    return f"read with other pixels, {difference:.1f} levels away" if difference > LOSS.get(kind, 0.0) else ""


def drawn() -> np.ndarray:
    """Return a picture of 16 colours, few enough for a GIF: uint8 (SIDE, SIDE, 3)."""
    row, column = np.indices((SIDE, SIDE)) * 4 // SIDE
    return np.stack([60 * row, 60 * column, 30 * (row + column)], axis=-1).astype(np.uint8)
