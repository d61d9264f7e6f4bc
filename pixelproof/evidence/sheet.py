"""A sheet of pictures in rows and columns."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

TILE_PX = 96  # side of a picture on the sheet
GAP_PX = 4


def write_sheet(rows: Sequence[Sequence[np.ndarray]], path: Path) -> None:
    """Write rows of images, uint8 (height, width, channels) of any size, as one PNG."""
    step = TILE_PX + GAP_PX
    sheet = Image.new("RGB", (step * max(map(len, rows)) + GAP_PX, step * len(rows) + GAP_PX), "white")
    for row, images in enumerate(rows):
        for column, image in enumerate(images):
            sheet.paste(_tile(image), (GAP_PX + column * step, GAP_PX + row * step))
    sheet.save(path, format="PNG")


def _tile(image: np.ndarray) -> Image.Image:
    picture = Image.fromarray(image.squeeze(axis=2) if image.shape[2] == 1 else image).convert("RGB")
    scale = TILE_PX / max(picture.size)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    # Small images are shown as the squares that they are; a smooth enlargement would hide the pixels.
    return picture.resize(size, Image.Resampling.NEAREST if scale > 1 else Image.Resampling.LANCZOS)
