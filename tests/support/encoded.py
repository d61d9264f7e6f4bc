"""Pictures made for a test, as bytes of an image file."""

import io
from typing import Any

import numpy as np
from PIL import Image


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
