"""The picture of the copies that ingest found."""

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from pixelproof.data.ingest import copies as module
from pixelproof.data.ingest.copies import GROUPS, LAYOUT, write_copies
from pixelproof.data.sheets.sheet import SheetLayout, SheetSection

COLOURS = {"red": (200, 0, 0), "green": (0, 200, 0), "blue": (0, 0, 200)}


def table(groups: list[list[tuple[str, str]]]) -> pd.DataFrame:
    """Return a row per (colour, label), which is a plain PNG of that colour."""
    rows = [
        {"id": f"{label}/{group}-{number}-{colour}.png", "label": label, "group": f"g{group}", "pixels_sha256": colour}
        for group, members in enumerate(groups)
        for number, (colour, label) in enumerate(members)
    ]
    return pd.DataFrame(rows, columns=["id", "label", "group", "pixels_sha256"]).assign(reason="")


def read(id: str) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (40, 40), COLOURS[id.split("-")[-1].removesuffix(".png")]).save(file, "PNG")
    return file.getvalue()


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[SheetSection]:
    """Return a list that takes the sections of the next sheet."""
    taken: list[SheetSection] = []

    def take(sections: Sequence[SheetSection], path: Path, layout: SheetLayout, title: str) -> None:
        taken.extend(sections)

    monkeypatch.setattr(module, "write_sections", take)
    return taken


def names(section: SheetSection) -> list[str]:
    return [tile.name for tile in section.tiles]


def test_label_conflicts_come_first_then_the_largest_groups(written: list[SheetSection], tmp_path: Path) -> None:
    """Else what a person must look at would be below what they need not."""
    groups = [[("red", "a")] * 2, [("green", "a")] * 3, [("blue", "a"), ("blue", "b")]]
    write_copies(table(groups), read, tmp_path / "copies.png")
    assert [names(section)[0] for section in written] == ["a/2-0-blue.png", "a/1-0-green.png", "a/0-0-red.png"]
    assert [section.heading for section in written] == [
        "1 a, 1 b: the same picture",
        "3 a: the same picture",
        "2 a: the same picture",
    ]


def test_a_row_shows_what_differs(written: list[SheetSection], tmp_path: Path) -> None:
    """Else a hundred equal copies would hide the one under another label, or the one that only looks alike."""
    write_copies(table([[("red", "a")] * 20 + [("green", "a"), ("blue", "b")]]), read, tmp_path / "copies.png")
    (section,) = written
    assert len(section.tiles) == LAYOUT.columns
    assert {name.split("-")[-1] for name in names(section)[:3]} == {"red.png", "green.png", "blue.png"}
    assert section.heading == "21 a, 1 b: near copies, in 3 versions"
    assert {tile.detail for tile in section.tiles} == {"a", "b"}


def test_copies_in_quarantine_are_told(written: list[SheetSection], tmp_path: Path) -> None:
    """Else a person would look for photos in the classes that are not used at all."""
    conflict = table([[("red", "a"), ("red", "b")]]).assign(reason="label conflict")
    write_copies(conflict, read, tmp_path / "copies.png")
    assert written[0].heading == "1 a, 1 b: the same picture; in quarantine: label conflict"


def test_more_groups_than_a_person_looks_at_are_counted(written: list[SheetSection], tmp_path: Path) -> None:
    """Else a set of a million photos would make a picture that nothing can open."""
    write_copies(table([[("red", "a")] * 2] * (GROUPS + 5)), read, tmp_path / "copies.png")
    caption, *groups = written
    assert caption.heading.endswith("; 5 more groups are not shown.")
    assert len(groups) == GROUPS


def test_a_photo_that_has_gone_since_takes_its_tile_without_a_picture(
    written: list[SheetSection], tmp_path: Path
) -> None:
    """Else a stage that has decoded everything would fail at its last picture."""

    def gone(id: str) -> bytes:
        raise FileNotFoundError(id)

    write_copies(table([[("red", "a")] * 2]), gone, tmp_path / "copies.png")
    assert [(tile.picture, bool(tile.instead)) for tile in written[0].tiles] == [(None, True)] * 2


def test_the_pictures_are_on_the_sheet(tmp_path: Path) -> None:
    """Else the sheet would be words alone."""
    write_copies(table([[("red", "a")] * 2, [("green", "a")] * 3]), read, tmp_path / "copies.png")
    with Image.open(tmp_path / "copies.png") as picture:
        sheet = np.asarray(picture)
    tiles = [int((sheet == COLOURS[colour]).all(axis=2).sum()) / LAYOUT.tile_px**2 for colour in ("red", "green")]
    assert tiles == [2, 3]


def test_a_set_without_copies_gets_a_picture_that_says_so(tmp_path: Path) -> None:
    """Else DVC would miss an output, and a reader wonder whether anything was looked for."""
    write_copies(table([]), read, tmp_path / "copies.png")
    with Image.open(tmp_path / "copies.png") as picture:
        assert picture.format == "PNG"
        assert np.asarray(picture).min() < 100
