import io
import subprocess
import sys
import unicodedata
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pixelproof.data.ingest import contact
from pixelproof.data.ingest.contact import LAYOUT, PHOTOS, choose, file_names, file_stem, write_contact_sheets

IDS = st.sets(st.text(st.characters(codec="utf-8"), min_size=1, max_size=12), max_size=60)
LABELS = st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=255)


def colour(number: int) -> tuple[int, int, int]:
    """Return a colour that no other number has, nor the sheet itself."""
    return 100 + number % 100, number // 100, 0


def png_of(rgb: tuple[int, int, int], size: tuple[int, int] = (20, 20)) -> bytes:
    file = io.BytesIO()
    Image.new("RGB", size, rgb).save(file, format="PNG")
    return file.getvalue()


def photos_of(counts: dict[str, int]) -> tuple[pd.DataFrame, Callable[[str], bytes]]:
    """Return a manifest of plain photos, each of its own colour, and a function that reads them."""
    rows = [(f"{label}/{number}.png", label) for label, count in counts.items() for number in range(count)]
    photos = pd.DataFrame(rows, columns=["id", "label"])
    content = {id: png_of(colour(number)) for number, id in enumerate(photos["id"])}
    return photos, content.__getitem__


def colours_on(path: Path) -> set[int]:
    """Return the numbers of the photos whose colour fills a tile of a sheet."""
    with Image.open(path) as sheet:
        counted = sheet.getcolors(sheet.width * sheet.height)
    return {
        red - 100 + 100 * green
        for count, (red, green, blue) in counted
        if count == LAYOUT.tile_px**2 and red >= 100 and blue == 0
    }


@given(IDS, IDS, st.integers(0, 20))
def test_added_photos_only_take_places(old: set[str], added: set[str], limit: int) -> None:
    """Else one new photo would shuffle the sheet, and nobody could see what is new."""
    before, after = set(choose(old, limit)), set(choose(old | added, limit))
    assert len(after) == min(limit, len(old | added))
    assert after - before <= added - old
    assert len(before - after) <= len(added - old)


@given(st.permutations([f"cats/{number}.jpg" for number in range(30)]))
def test_the_choice_does_not_depend_on_the_order(ids: list[str]) -> None:
    """Else the same photos would give two pictures, and DVC two hashes."""
    assert choose(ids, 5) == choose(sorted(ids), 5) == sorted(choose(ids, 5))


def test_each_class_has_a_sheet_with_its_own_photos_up_to_the_limit(tmp_path: Path) -> None:
    """Else photos would be shown under another class, twice, or not at all."""
    photos, read = photos_of({"few": 3, "many": PHOTOS + 20})
    write_contact_sheets(photos, ["few", "many"], read, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"few.png", "many.png"}
    assert colours_on(tmp_path / "few.png") == {0, 1, 2}
    many = colours_on(tmp_path / "many.png")
    assert len(many) == PHOTOS
    assert many <= set(range(3, 3 + PHOTOS + 20))


def test_more_classes_than_have_a_sheet_are_told_on_every_sheet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a thousand classes would take minutes, or somebody would take the first ones for all."""
    photos, read = photos_of({"a": 1, "b": 1, "c": 1})
    write_contact_sheets(photos, ["a", "b"], read, tmp_path)
    of_two = (tmp_path / "a.png").read_bytes()
    monkeypatch.setattr(contact, "CLASSES", 2)
    write_contact_sheets(photos, ["a", "b", "c"], read, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"a.png", "b.png"}
    assert (tmp_path / "a.png").read_bytes() != of_two, "the heading must say that there are more"


@pytest.mark.parametrize("fault", [FileNotFoundError("gone"), PermissionError("locked"), b"another file by now"])
def test_a_photo_that_has_gone_leaves_a_tile_that_says_so(fault: OSError | bytes, tmp_path: Path) -> None:
    """Else a photo moved while ingest runs would cost all pictures."""
    photos, read = photos_of({"cats": 3})

    def reading(id: str) -> bytes:
        if id != "cats/1.png":
            return read(id)
        if isinstance(fault, OSError):
            raise fault
        return fault

    write_contact_sheets(photos, ["cats"], read, tmp_path)
    with Image.open(tmp_path / "cats.png") as sheet:
        size = sheet.size
    write_contact_sheets(photos, ["cats"], reading, tmp_path)
    assert colours_on(tmp_path / "cats.png") == {0, 2}
    with Image.open(tmp_path / "cats.png") as sheet:
        assert sheet.size == size
        left = LAYOUT.gap_px + LAYOUT.step_px
        tiles = np.asarray(sheet)[:, left : left + LAYOUT.tile_px]
    backdrop = (tiles == (0xEC, 0xEC, 0xEC)).all(axis=2)
    assert backdrop.sum() > LAYOUT.tile_px**2 / 2
    top = np.flatnonzero(backdrop.any(axis=1))[0]
    face = tiles[top : top + LAYOUT.tile_px]
    assert (face < 150).all(axis=2).any(), "words must stand in the picture's place"


@given(LABELS)
def test_a_classs_file_name_is_safe_whatever_the_class_is_called(label: str) -> None:
    """Else a class such as `..` or one of 255 letters could not be written, or would land elsewhere."""
    name = f"{file_stem(label)}.png"
    assert len(name.encode()) < 200
    assert name.replace(".", "").replace("-", "").replace("_", "").isalnum()
    assert not name.startswith(".") or name.count(".") == 1 or len(name) > 8


@given(st.sets(LABELS | st.sampled_from(["7", "7.class", "²"]), min_size=2, max_size=6))
def test_two_classes_never_share_a_file(labels: set[str]) -> None:
    """Else one class's sheet would overwrite another's; where case or composition of letters is ignored too."""
    names = {unicodedata.normalize("NFC", name).casefold() for name in file_names(labels).values()}
    assert len(names) == len(labels)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Cat", "cat"), ("a b", "a-b"), ("a&b", "a b"), ("x" * 50, "x" * 51), ("\u00e9", "e\u0301"), ("ß", "ss")],
)
def test_classes_that_differ_little_have_two_files(one: str, other: str) -> None:
    """Else the two would be one file on a file system that ignores case, or after replaced characters."""
    assert file_stem(one) != file_stem(other)


@pytest.mark.parametrize("label", ["cats", "7", "grey_panda-2", "猫", "ёлки"])
def test_an_ordinary_class_keeps_its_name(label: str) -> None:
    """Else nobody would find the sheet of a class."""
    assert file_stem(label) == label


@pytest.mark.slow
@pytest.mark.parametrize("labels", [["0", "1", "other", "²"], ["2", "10"]])
def test_dvc_shows_the_sheets_of_classes_that_are_numbers_or_look_so(labels: list[str], tmp_path: Path) -> None:
    """Else `dvc plots show` would end in "'<' not supported between instances of 'NoneType' and 'int'"."""
    photos, read = photos_of(dict.fromkeys(labels, 1))
    (tmp_path / "contact").mkdir()
    write_contact_sheets(photos, labels, read, tmp_path / "contact")
    (tmp_path / "dvc.yaml").write_text("plots: [contact]")
    for command in (["init", "--no-scm", "--quiet"], ["plots", "show"]):
        done = subprocess.run([sys.executable, "-m", "dvc", *command], cwd=tmp_path, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
    page = (tmp_path / "dvc_plots/index.html").read_text("utf-8")
    places = [page.index(f"contact_{name}") for name in file_names(labels).values()]
    assert places == sorted(places), "as ingest orders the classes; numbers as numbers"
    assert len(set(places)) == len(labels)
