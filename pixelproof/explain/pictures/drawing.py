"""Sheets of pictures as PNG files, which the page does without."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from pixelproof.data.sheets.sheet import SheetLayout, SheetSection, Tile, thumbnail, write_sections
from pixelproof.explain.pictures.sheets import Picture, Sheet, colours

ROW = 8  # pictures in a row of a sheet
TILE_PX = 144  # so that two lines hold the longest title


def write_sheets(sheets: Sequence[Sheet], folder: Path) -> None:
    """Write each sheet as <folder>/<name>.png."""
    for sheet in sheets:
        layout = SheetLayout(columns=min(ROW, max(3, len(sheet.pictures))), tile_px=TILE_PX, gap_px=8)
        tiles = [_tile(picture) for picture in sheet.pictures]
        write_sections([SheetSection(tiles)], folder / f"{sheet.name}.png", layout, sheet.title)


def _tile(picture: Picture) -> Tile:
    pixels = colours(picture.pixels)
    pixels = pixels if pixels.ndim == 3 else pixels[:, :, np.newaxis]
    return Tile(thumbnail(pixels, TILE_PX), picture.size, picture.title)
