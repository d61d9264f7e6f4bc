"""Folders of small generated photos that two simple models can tell apart."""

from pathlib import Path

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
