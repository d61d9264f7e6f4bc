import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from PIL import Image

from pixelproof.data.ingest import refused
from pixelproof.data.ingest.refused import FILES, LAYOUT, write_quarantine_sheet

RED = (200, 0, 0)


def png(size: tuple[int, int] = (30, 30)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, RED).save(file, format="PNG")
    return file.getvalue()


def quarantine_of(*rows: tuple[str, str, int | None]) -> pd.DataFrame:
    """Return a quarantine table from path, reason and bytes."""
    table = pd.DataFrame(rows, columns=["path", "reason", "bytes"]).assign(detail="because of this and of that")
    return table.astype({"bytes": "Int64"})


def photos_of(count: int, *notes: str) -> pd.DataFrame:
    """Return manifest rows of so many photos; the first ones have `notes`."""
    rows = [(f"c/{number}.jpg", note) for number, note in enumerate([*notes, *[""] * (count - len(notes))])]
    return pd.DataFrame(rows, columns=["id", "note"])


def sheet_of(quarantine: pd.DataFrame, read: Any, folder: Path, photos: pd.DataFrame | None = None) -> np.ndarray:
    accepted = photos_of(10) if photos is None else photos
    write_quarantine_sheet(quarantine, accepted, read, folder / "sheet.png")
    with Image.open(folder / "sheet.png") as sheet:
        return np.asarray(sheet)


def tiles_on(sheet: np.ndarray) -> list[tuple[int, int]]:
    """Return how many squares of the backdrop or of RED stand in each row of tiles, with the row's top."""
    filled = (sheet == 0xEC).all(axis=2) | (sheet == RED).all(axis=2)
    side, tops = LAYOUT.tile_px, []
    full = np.flatnonzero(filled[:, LAYOUT.gap_px : LAYOUT.gap_px + 4].all(axis=1))
    for top in full[np.diff(full, prepend=-9) > 1]:
        lefts = [LAYOUT.gap_px + column * LAYOUT.step_px for column in range(LAYOUT.columns)]
        tops.append((int(top), sum(bool(filled[top + 2, left : left + side].all()) for left in lefts)))
    return tops


def test_every_refused_file_has_a_tile_in_the_rows_of_its_reason(tmp_path: Path) -> None:
    """Else a file would be missing, or be blamed for another reason."""
    rows = [(f"a/{n}.png", "too small", 9) for n in range(LAYOUT.columns + 1)]
    rows += [("b/1.jpg", "zero bytes", 0), ("b/2.jpg", "not an image", 5)]
    sheet = sheet_of(quarantine_of(*rows), lambda id: png() if id.startswith("a/") else b"", tmp_path)
    assert [count for _, count in tiles_on(sheet)] == [1, LAYOUT.columns, 1, 1]  # not an image, too small, zero bytes
    pictures = (sheet == RED).all(axis=2).sum()
    assert pictures == (LAYOUT.columns + 1) * LAYOUT.tile_px**2


def test_more_files_of_a_reason_than_fit_are_told(tmp_path: Path) -> None:
    """Else a hundred thousand refused files would give a sheet that nothing opens, or hide the other reasons."""
    fitting = [(f"a/{n:04}.png", "too small", 9) for n in range(FILES)]
    other = ("b/1.jpg", "zero bytes", 0)
    full = sheet_of(quarantine_of(*fitting, other), lambda id: b"", tmp_path)
    more = sheet_of(quarantine_of(*fitting, ("a/9999.png", "too small", 9), other), lambda id: b"", tmp_path)
    assert full.shape == more.shape
    heading = slice(0, tiles_on(more)[0][0])
    assert (full[heading] != more[heading]).any(), "the heading must say how many more there are"
    assert sum(count for _, count in tiles_on(more)) == FILES + 1


def test_an_empty_quarantine_says_so(tmp_path: Path) -> None:
    """Else DVC would miss its output, or somebody would take a white picture for a fault."""
    sheet = sheet_of(quarantine_of(), lambda id: b"", tmp_path)
    assert tiles_on(sheet) == []
    assert (sheet < 100).all(axis=2).any()


def test_a_file_that_ingest_could_not_read_is_not_read_again(tmp_path: Path) -> None:
    """Else a named pipe in the source would stop ingest for ever."""

    def read(id: str) -> bytes:
        raise AssertionError(f"{id} must not be opened")

    sheet = sheet_of(quarantine_of(("a/pipe", "unreadable", None)), read, tmp_path)
    assert [count for _, count in tiles_on(sheet)] == [1]


def test_a_file_that_has_gone_is_said_to_have_gone(tmp_path: Path) -> None:
    """Else the tile would show the reason alone, as if the file showed nothing."""

    def gone(id: str) -> bytes:
        raise FileNotFoundError(id)

    row = quarantine_of(("a/1.png", "label conflict", 9))
    assert (sheet_of(row, gone, tmp_path) != sheet_of(row, lambda id: b"", tmp_path)).any()


def test_a_photo_that_breaks_off_shows_what_it_has(tmp_path: Path) -> None:
    """Else nobody would recognise it."""
    file = io.BytesIO()
    noise = np.random.default_rng(0).integers(0, 255, (168, 168, 3), dtype=np.uint8)
    Image.fromarray(noise).save(file, format="JPEG")
    cut = file.getvalue()[: file.tell() // 2]
    row = quarantine_of(("a/1.jpg", "truncated or damaged", len(cut)))
    whole, half, none = (sheet_of(row, lambda id, data=data: data, tmp_path) for data in (file.getvalue(), cut, b""))
    left, tile = slice(LAYOUT.gap_px, LAYOUT.gap_px + LAYOUT.tile_px), slice(*rows_of_tile(none))
    same = (whole[tile, left] == half[tile, left]).all(axis=(1, 2))
    assert 50 < same.sum() < 118
    assert same[:50].all()


def rows_of_tile(sheet: np.ndarray) -> tuple[int, int]:
    top, _ = tiles_on(sheet)[0]
    return top, top + LAYOUT.tile_px


def test_names_of_any_script_and_length_are_drawn(tmp_path: Path) -> None:
    """Else one odd name would cost the whole sheet; a warning is an error here."""
    names = ["猫" * 80 + ".jpg", "صورة/القط.jpg", "a\nb\tc", "x" * 4000, "bytes \\udcff.jpg", "", "🐱", "\u200b"]
    sheet = sheet_of(quarantine_of(*((name, "too small", 3) for name in names)), lambda id: b"", tmp_path)
    assert sheet.shape[1] == LAYOUT.width_px


def test_the_limits_are_those_of_the_docs() -> None:
    """docs/ingest.md names them."""
    page = (Path(__file__).parents[3] / "docs/ingest.md").read_text("utf-8")
    assert f"{refused.FILES} files of a reason" in page


def test_photos_whose_data_are_damaged_are_shown_though_they_are_accepted(tmp_path: Path) -> None:
    """Else nobody would look at photos whose colours may be wrong from the middle on."""
    photos = photos_of(10, "damage in the JPEG data: 252 extraneous bytes before marker 0xd9", "palette")
    for quarantine in (quarantine_of(), quarantine_of(("a/1.png", "too small", 9))):
        sheet = sheet_of(quarantine, lambda id: png() if id == "c/0.jpg" else b"", tmp_path, photos)
        assert (sheet == RED).all(axis=2).sum() == LAYOUT.tile_px**2
