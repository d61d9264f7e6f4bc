from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pixelproof.data.sheets.sheet import (
    GAP_PX,
    TILE_PX,
    SheetLayout,
    SheetSection,
    Tile,
    thumbnail,
    write_sections,
    write_sheet,
)

WHITE = (255, 255, 255)


def plain(height: int, width: int, colour: tuple[int, ...]) -> np.ndarray:
    return np.full((height, width, len(colour)), colour, np.uint8)


def written(rows: list[list[np.ndarray]], folder: Path) -> np.ndarray:
    write_sheet(rows, folder / "sheet.png")
    with Image.open(folder / "sheet.png") as sheet:
        assert (sheet.format, sheet.mode) == ("PNG", "RGB")
        return np.asarray(sheet)


def tile(sheet: np.ndarray, row: int, column: int) -> np.ndarray:
    step = TILE_PX + GAP_PX
    top, left = GAP_PX + row * step, GAP_PX + column * step
    return sheet[top : top + TILE_PX, left : left + TILE_PX]


@pytest.mark.parametrize(("rows", "columns"), [(1, 1), (2, 3), (4, 1)])
def test_the_sheet_has_a_tile_and_a_gap_for_each_picture(rows: int, columns: int, tmp_path: Path) -> None:
    """Else pictures would be cut off, or lie on each other."""
    sheet = written([[plain(8, 8, (9, 9, 9))] * columns] * rows, tmp_path)
    assert sheet.shape == (rows * (TILE_PX + GAP_PX) + GAP_PX, columns * (TILE_PX + GAP_PX) + GAP_PX, 3)
    assert (sheet == 9).all(axis=2).sum() == rows * columns * TILE_PX**2


def test_each_picture_stands_in_its_row_and_column(tmp_path: Path) -> None:
    """Else an image would stand among another image's views; a shorter row ends in white."""
    red, green, blue = (200, 0, 0), (0, 200, 0), (0, 0, 200)
    sheet = written([[plain(8, 8, red), plain(8, 8, green)], [plain(8, 8, blue)]], tmp_path)
    assert (tile(sheet, 0, 0) == red).all()
    assert (tile(sheet, 0, 1) == green).all()
    assert (tile(sheet, 1, 0) == blue).all()
    assert (tile(sheet, 1, 1) == WHITE).all()


def test_a_small_image_is_enlarged_as_the_squares_that_it_is(tmp_path: Path) -> None:
    """Else its pixels would be blurred into colours that it does not have."""
    pixels = np.random.default_rng(0).integers(0, 255, (4, 4, 3), dtype=np.uint8)
    square = TILE_PX // 4
    np.testing.assert_array_equal(
        tile(written([[pixels]], tmp_path), 0, 0), pixels.repeat(square, axis=0).repeat(square, axis=1)
    )


def test_a_large_image_is_made_smaller_smoothly(tmp_path: Path) -> None:
    """Else every other pixel would be dropped: fine stripes would turn into one colour."""
    stripes = np.zeros((4 * TILE_PX, 4 * TILE_PX, 3), np.uint8)
    stripes[:, ::2] = 200
    middle = tile(written([[stripes]], tmp_path), 0, 0)[8:-8, 8:-8]
    assert middle.min() > 90
    assert middle.max() < 110


@pytest.mark.parametrize(("height", "width", "shown"), [(10, 20, (48, 96)), (40, 20, (96, 48)), (1, 300, (1, 96))])
def test_an_image_keeps_its_proportions(height: int, width: int, shown: tuple[int, int], tmp_path: Path) -> None:
    """Else photos of other formats would be distorted, or a very narrow one vanish."""
    seen = (tile(written([[plain(height, width, (9, 9, 9))]], tmp_path), 0, 0) == 9).all(axis=2)
    assert (seen.any(axis=1).sum(), seen.any(axis=0).sum()) == shown


def test_a_grey_image_is_shown_grey(tmp_path: Path) -> None:
    """Else images of one channel, the default, could not be drawn."""
    assert (tile(written([[plain(8, 8, (77,))]], tmp_path), 0, 0) == 77).all()


LAYOUT = SheetLayout(columns=3, tile_px=60, gap_px=6, backdrop="#ececec")


def square(colour: tuple[int, int, int]) -> Image.Image:
    return Image.new("RGB", (60, 60), colour)


def sheet_of(sections: list[SheetSection], folder: Path, title: str = "") -> np.ndarray:
    write_sections(sections, folder / "words.png", LAYOUT, title)
    with Image.open(folder / "words.png") as sheet:
        return np.asarray(sheet)


def words_in(pixels: np.ndarray) -> bool:
    return bool((pixels < 100).all(axis=2).any())


def test_a_sheet_with_words_is_as_wide_as_its_columns_and_as_high_as_its_rows(tmp_path: Path) -> None:
    """Else pictures or words would be cut off."""
    tiles = [Tile(square((200, 0, 0)))] * 4
    plain_sheet = sheet_of([SheetSection(tiles)], tmp_path)
    assert plain_sheet.shape == (2 * 66 + 6, 3 * 66 + 6, 3)
    named = sheet_of([SheetSection([Tile(square((200, 0, 0)), "name", "detail")] * 4)], tmp_path)
    assert named.shape[0] == plain_sheet.shape[0] + 2 * 2 * LAYOUT.small.line_px
    assert (named == (200, 0, 0)).all(axis=2).sum() == 4 * 60 * 60


def test_words_stand_under_their_tile_and_touch_no_other(tmp_path: Path) -> None:
    """Else a name would be read under the wrong picture; the second tile of three has one, much too long."""
    blank = Tile(square((200, 0, 0)))
    sheet = sheet_of([SheetSection([blank, Tile(square((200, 0, 0)), "name" * 50, "word " * 50), blank])], tmp_path)
    under = sheet[6 + 60 :]
    assert words_in(under[:, 72:132])
    assert (under[:, :70] == 255).all()
    assert (under[:, 134:] == 255).all()


def test_a_title_and_headings_stand_above_their_tiles(tmp_path: Path) -> None:
    """Else nobody would know which class a sheet shows; a long one must not run out of the sheet."""
    tiles = [Tile(square((200, 0, 0)))]
    sheet = sheet_of([SheetSection(tiles, "first " * 40), SheetSection(tiles, "second")], tmp_path, "title " * 40)
    red = (sheet == (200, 0, 0)).all(axis=2).any(axis=1)
    tops = np.flatnonzero(red[1:] & ~red[:-1]) + 1
    assert len(tops) == 2
    assert words_in(sheet[: tops[0]])
    assert words_in(sheet[tops[0] + 60 : tops[1]])
    assert (sheet[:, -LAYOUT.gap_px :] == 255).all()


def test_where_there_is_no_picture_words_stand_in_its_place(tmp_path: Path) -> None:
    """Else a file that shows nothing would be an empty square, and its place a riddle."""
    face = sheet_of([SheetSection([Tile(None, instead="zero bytes")])], tmp_path)[6:66, 6:66]
    assert (face[:5] == 0xEC).all()
    assert (face < 150).all(axis=2).any()


def test_a_picture_stands_in_the_middle_of_its_tile(tmp_path: Path) -> None:
    """Else wide and high photos would hang at an edge, without a frame that shows their form."""
    wide = sheet_of([SheetSection([Tile(thumbnail(plain(10, 30, (200, 0, 0)), 60))])], tmp_path)[6:66, 6:66]
    assert np.flatnonzero((wide == (200, 0, 0)).all(axis=(1, 2))).tolist() == list(range(20, 40))
    assert (wide[:20] == 0xEC).all()


def test_the_same_tiles_give_the_same_bytes_with_nothing_about_time_or_program(tmp_path: Path) -> None:
    """Else DVC would take an unchanged sheet for a new one."""
    sections = [
        SheetSection([Tile(square((1, 2, 3)), "naïve 猫.jpg", "because"), Tile(None, instead="gone")], "heading")
    ]
    sheet_of(sections, tmp_path, "title")
    first = (tmp_path / "words.png").read_bytes()
    sheet_of(sections, tmp_path, "title")
    assert (tmp_path / "words.png").read_bytes() == first
    with Image.open(tmp_path / "words.png") as sheet:
        assert sheet.info == {}
