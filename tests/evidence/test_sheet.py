from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from pixelproof.evidence.sheet import GAP_PX, TILE_PX, write_sheet

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
