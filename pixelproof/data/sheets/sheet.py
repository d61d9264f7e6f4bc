"""Picture sheets in rows and columns, with or without captions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from pixelproof.data.sheets.lettering import Font

TILE_PX = 96  # side of a picture on the sheet
GAP_PX = 4
INK, FAINT_INK, BACKDROP = "#1a1a1a", "#595959", "#ececec"  # greys only, so that everybody sees the same
NAME_LINES, DETAIL_LINES, INSTEAD_LINES = 1, 2, 4


@dataclass(frozen=True)
class Tile:
    """A picture, made by `thumbnail`, and its caption; without a picture, text instead."""

    picture: Image.Image | None
    name: str = ""  # one line, shortened in the middle
    detail: str = ""  # at most two lines
    instead: str = ""


@dataclass(frozen=True)
class SheetSection:
    """Tiles in rows of their own, below an optional heading."""

    tiles: Sequence[Tile]
    heading: str = ""


@dataclass(frozen=True)
class SheetLayout:
    """The layout of a sheet; tiles are square."""

    columns: int
    tile_px: int = TILE_PX
    gap_px: int = GAP_PX
    backdrop: str = "white"  # around pictures that are not square

    @property
    def step_px(self) -> int:
        return self.tile_px + self.gap_px

    @property
    def width_px(self) -> int:
        return self.columns * self.step_px + self.gap_px

    @cached_property
    def title(self) -> Font:
        return Font(20, bold=True)

    @cached_property
    def heading(self) -> Font:
        return Font(14, bold=True)

    @cached_property
    def small(self) -> Font:
        return Font(11)

    def caption(self, tile: Tile) -> list[str]:
        """Return the lines below a tile: its name, then its detail."""
        name = [self.small.shortened(tile.name, self.tile_px)] if tile.name else []
        return name + self.small.wrapped(tile.detail, self.tile_px, DETAIL_LINES)


def thumbnail(image: np.ndarray, side_px: int = TILE_PX) -> Image.Image:
    """Scale an image, uint8 (height, width, channels) of any size, to a longer side of `side_px`."""
    picture = Image.fromarray(image.squeeze(axis=2) if image.shape[2] == 1 else image).convert("RGB")
    scale = side_px / max(picture.size)
    size = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
    # Small images keep visible pixels; smooth enlargement would hide them.
    return picture.resize(size, Image.Resampling.NEAREST if scale > 1 else Image.Resampling.LANCZOS)


def write_sheet(rows: Sequence[Sequence[np.ndarray]], path: Path) -> None:
    """Write rows of images, uint8 (height, width, channels) of any size, as one PNG without captions."""
    sections = [SheetSection([Tile(thumbnail(image)) for image in images]) for images in rows]
    write_sections(sections, path, SheetLayout(columns=max(map(len, rows))))


def write_sections(sections: Sequence[SheetSection], path: Path, layout: SheetLayout, title: str = "") -> None:
    """Write a title and sections of tiles as one PNG: the same bytes for the same tiles."""
    bands = [*_title(title, layout), *(band for section in sections for band in _bands(section, layout))]
    sheet = Image.new("RGB", (layout.width_px, layout.gap_px + sum(band.height for band in bands)), "white")
    top = layout.gap_px
    for band in bands:
        sheet.paste(band, (0, top))
        top += band.height
    sheet.save(path, format="PNG")


def _title(text: str, layout: SheetLayout) -> Iterator[Image.Image]:
    if text:
        yield _line(text, layout.title, layout)


def _bands(section: SheetSection, layout: SheetLayout) -> Iterator[Image.Image]:
    """Yield a section as bands, each as wide as the sheet: its heading, and a band for each row of tiles."""
    if section.heading:
        yield _line(section.heading, layout.heading, layout)
    for start in range(0, len(section.tiles), layout.columns):
        yield _row(section.tiles[start : start + layout.columns], layout)


def _line(text: str, font: Font, layout: SheetLayout) -> Image.Image:
    band = Image.new("RGB", (layout.width_px, font.line_px + 2 * layout.gap_px), "white")
    _write(band, (layout.gap_px, layout.gap_px), font.shortened(text, layout.width_px - 2 * layout.gap_px), font, INK)
    return band


def _row(tiles: Sequence[Tile], layout: SheetLayout) -> Image.Image:
    captions = [layout.caption(tile) for tile in tiles]
    height = layout.step_px + layout.small.line_px * max(map(len, captions))
    band = Image.new("RGB", (layout.width_px, height), "white")
    for column, (tile, caption) in enumerate(zip(tiles, captions, strict=True)):
        left = layout.gap_px + column * layout.step_px
        band.paste(_face(tile, layout), (left, 0))
        for number, line in enumerate(caption):
            ink = INK if tile.name and number == 0 else FAINT_INK
            _write(band, (left, layout.tile_px + number * layout.small.line_px), line, layout.small, ink)
    return band


def _face(tile: Tile, layout: SheetLayout) -> Image.Image:
    """Return a tile's square: its picture in the middle, or its text instead."""
    side = layout.tile_px
    face = Image.new("RGB", (side, side), layout.backdrop)
    if tile.picture is not None:
        face.paste(tile.picture, ((side - tile.picture.width) // 2, (side - tile.picture.height) // 2))
        return face
    font = layout.small
    lines = font.wrapped(tile.instead, side - 4 * layout.gap_px, INSTEAD_LINES)
    top = (side - font.line_px * len(lines)) // 2
    for number, line in enumerate(lines):
        left = round(side - font.width(line)) // 2
        _write(face, (left, top + number * font.line_px), line, font, FAINT_INK)
    return face


def _write(band: Image.Image, place: tuple[int, int], text: str, font: Font, ink: str) -> None:
    ImageDraw.Draw(band).text(place, text, font=font.drawing(text), fill=ink)
