"""The picture of the copies that ingest found."""

import io
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from pixelproof.evidence import copies as module
from pixelproof.evidence.copies import GAP_PX, ROWS, STEP_PX, TILE_PX, TITLE_PX, WIDTH_PX, draw_copies, write_copies

COLOURS = {"red": (200, 0, 0), "green": (0, 200, 0), "blue": (0, 0, 200)}


def table(groups: list[list[tuple[str, str]]]) -> pd.DataFrame:
    """Return a row per (colour, label), which is a plain PNG of that colour."""
    rows = [
        {"id": f"{label}/{group}-{number}-{colour}.png", "label": label, "group": f"g{group}", "pixels_sha256": colour}
        for group, members in enumerate(groups)
        for number, (colour, label) in enumerate(members)
    ]
    facts = {"format": "PNG", "mode": "RGB", "width": 40, "height": 20, "orientation": 1, "reason": ""}
    return pd.DataFrame(rows, columns=["id", "label", "group", "pixels_sha256"]).assign(**facts)


def read(id: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (40, 20), COLOURS[id.split("-")[-1].removesuffix(".png")]).save(file, "PNG")
    return file.getvalue()


def tile(sheet: Image.Image, row: int, column: int) -> tuple[int, ...]:
    """Return the colour in the lower middle of a tile, where a wide photo stands."""
    left = GAP_PX + column * (TILE_PX + GAP_PX)
    top = TITLE_PX + GAP_PX + STEP_PX * row + TITLE_PX
    colour = sheet.getpixel((left + TILE_PX // 2, top + TILE_PX - 10))
    assert isinstance(colour, tuple)
    return colour


def test_label_conflicts_come_first_then_the_largest_groups() -> None:
    """Else what a person must look at would be below what they need not."""
    sheet = draw_copies(
        table([[("red", "a")] * 2, [("green", "a")] * 3, [("blue", "a"), ("blue", "b")]]),
        read,
    )
    assert sheet.size == (WIDTH_PX, TITLE_PX + GAP_PX + 3 * STEP_PX)
    assert [tile(sheet, row, 0) for row in range(3)] == [COLOURS["blue"], COLOURS["green"], COLOURS["red"]]
    assert tile(sheet, 2, 1) == COLOURS["red"]
    assert tile(sheet, 2, 2) == (255, 255, 255)


def test_a_row_shows_what_differs() -> None:
    """Else a hundred equal copies would hide the one under another label, or the one that only looks alike."""
    sheet = draw_copies(table([[("red", "a")] * 20 + [("green", "a"), ("blue", "b")]]), read)
    assert {tile(sheet, 0, column) for column in range(3)} == set(COLOURS.values())


def test_more_groups_than_a_person_looks_at_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a set of a million photos would make a picture that nothing can open."""
    written: list[str] = []
    monkeypatch.setattr(module, "_write", lambda draw, left, top, text, width: written.append(text))
    sheet = draw_copies(table([[("red", "a")] * 2] * (ROWS + 5)), read)
    assert sheet.height == TITLE_PX + GAP_PX + ROWS * STEP_PX
    assert written[0].endswith(
        "70 photos in 35 groups of copies, those with several labels first; 5 more groups are not shown"
    )
    assert written[1:4] == ["2 a: the same picture", "a/0-0-red.png", "a"]


def test_a_set_without_copies_gets_a_picture_that_says_so(tmp_path: Path) -> None:
    """Else DVC would miss an output, and a reader wonder whether anything was looked for."""
    write_copies(table([]), read, tmp_path / "copies.png")
    with Image.open(tmp_path / "copies.png") as picture:
        assert picture.format == "PNG"
        assert np.asarray(picture).min() < 100


def test_a_long_name_is_cut_at_its_beginning() -> None:
    """Else it would run into the next photo's name."""
    long = table([[("red", "l" * 200), ("red", "m" * 200)]])
    sheet = np.asarray(draw_copies(long, read))
    below = sheet[TITLE_PX + GAP_PX + TITLE_PX + TILE_PX :]
    assert (below[:, GAP_PX + TILE_PX : 2 * GAP_PX + TILE_PX] == 255).all()
