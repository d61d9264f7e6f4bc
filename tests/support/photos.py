"""Small generated photos that two simple models can tell apart, and pictures as bytes of an image file."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

CLASSES = ("bars", "dots")


def photo(label: str, number: int, *, width: int = 40, height: int = 32) -> Image.Image:
    """Draw a photo, another one for each number: `bars` has vertical stripes, `dots` a bright square."""
    rng = np.random.default_rng([CLASSES.index(label), number])
    pixels = rng.integers(0, 90, (height, width, 3), dtype=np.uint8)
    if label == "bars":
        pixels[:, rng.integers(0, 4) :: 4] = rng.integers(150, 255, 3)
    else:
        top, left = rng.integers(0, height // 2), rng.integers(0, width // 2)
        pixels[top : top + height // 2, left : left + width // 2] = rng.integers(150, 255, 3)
    return Image.fromarray(pixels)


def write_photos(source: Path, per_class: int = 24, *, width: int = 40, height: int = 32) -> Path:
    """Write a source with one folder of JPEG photos per class; return it."""
    for label in CLASSES:
        (source / label).mkdir(parents=True)
        for number in range(per_class):
            photo(label, number, width=width, height=height).save(
                source / label / f"{label}{number:03d}.jpg", quality=95
            )
    return source


def picture(height: int = 48, width: int = 32, *, seed: int = 0) -> Image.Image:
    """Draw flat squares of 8 pixels, which JPEG keeps well and no turn maps onto themselves."""
    squares = np.random.default_rng(seed).integers(0, 256, (height // 8, width // 8, 3), dtype=np.uint8)
    return Image.fromarray(squares.repeat(8, axis=0).repeat(8, axis=1))


def encoded(image: Image.Image, format: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def animation(format: str = "GIF") -> bytes:
    first, *others = (picture(seed=seed) for seed in range(3))
    return encoded(first, format, save_all=True, append_images=others)
