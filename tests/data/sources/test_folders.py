"""A folder as a source: which symbolic links are followed, and what becomes of the others."""

import os
import time
from pathlib import Path

import pytest

from pixelproof.data.sources import folders
from pixelproof.data.sources.folders import FolderSource
from pixelproof.data.sources.labels import SourceEntry


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A source of two classes, beside a folder that is none of its business."""
    for name in ("photos/cat/a.jpg", "photos/cat/deep/b.jpg", "photos/dog/c.jpg", "elsewhere/d.jpg"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    return tmp_path / "photos"


def entries(source: Path) -> dict[str, SourceEntry]:
    found = list(FolderSource(source).entries())
    assert len({entry.path for entry in found}) == len(found)
    return {str(entry.path): entry for entry in found}


def reasons(source: Path) -> dict[str, str]:
    return {path: entry.refused[0] for path, entry in entries(source).items() if entry.refused}


FILES = {"cat/a.jpg", "cat/deep/b.jpg", "dog/c.jpg"}


def test_a_link_to_a_file_inside_is_a_file_of_its_own_path(source: Path) -> None:
    """Else data sets that list one photo in two places would lose it in one of them."""
    (source / "dog" / "again.jpg").symlink_to(source / "cat" / "a.jpg")
    (source / "dog" / "near.jpg").symlink_to("c.jpg")
    assert set(entries(source)) == FILES | {"dog/again.jpg", "dog/near.jpg"}
    assert reasons(source) == {}
    assert FolderSource(source).read("dog/again.jpg") == b"photos/cat/a.jpg"


def test_a_link_to_a_folder_inside_holds_that_folders_files(source: Path) -> None:
    """Else a class that is a link to a pool of photos would be empty."""
    (source / "pets").symlink_to("cat")
    assert set(entries(source)) == FILES | {"pets/a.jpg", "pets/deep/b.jpg"}
    assert FolderSource(source).read("pets/deep/b.jpg") == b"photos/cat/deep/b.jpg"


def test_a_link_to_a_link_is_followed_to_its_end(source: Path) -> None:
    """Else a chain that ends outside could lead there."""
    (source / "one").symlink_to("two")
    (source / "two").symlink_to("dog")
    (source.parent / "elsewhere" / "back").symlink_to(source / "dog")
    (source / "round").symlink_to(source.parent / "elsewhere" / "back")
    (source / "hop").symlink_to("skip")
    (source / "skip").symlink_to(source.parent / "elsewhere")
    assert set(entries(source)) == FILES | {"one/c.jpg", "two/c.jpg", "round/c.jpg", "hop", "skip"}
    assert reasons(source) == {"hop": "link outside the source", "skip": "link outside the source"}


@pytest.mark.parametrize(("target", "is_folder"), [("elsewhere/d.jpg", False), ("elsewhere", True), (".", True)])
def test_a_link_that_leads_outside_is_not_followed(source: Path, target: str, is_folder: bool) -> None:
    """Else a source could bring in any file of the machine, which DVC would not see change."""
    (source / "cat" / "out").symlink_to(source.parent / target)
    found = entries(source)
    assert set(found) == FILES | {"cat/out"}
    assert found["cat/out"].link == is_folder
    assert found["cat/out"].refused[0] == "link outside the source"


def test_a_folder_whose_name_begins_as_the_sources_is_outside(source: Path) -> None:
    """Else `photos-old` would be taken for a part of `photos`."""
    (source.parent / "photos-old").mkdir()
    (source / "old").symlink_to(source.parent / "photos-old")
    assert reasons(source) == {"old": "link outside the source"}


def test_a_broken_link_is_told(source: Path) -> None:
    """Else a photo would be missing without a word."""
    (source / "cat" / "gone.jpg").symlink_to("nowhere.jpg")
    (source / "cat" / "odd.jpg").symlink_to("a.jpg/b.jpg")
    assert reasons(source) == {"cat/gone.jpg": "broken link", "cat/odd.jpg": "broken link"}


@pytest.mark.parametrize("target", ["..", ".", "../cat", "itself"])
def test_a_link_to_a_folder_above_or_to_itself_is_a_loop(source: Path, target: str) -> None:
    """Else the walk would go round for ever."""
    (source / "cat" / "itself").symlink_to(target)
    assert set(entries(source)) == FILES | {"cat/itself"}
    assert reasons(source) == {"cat/itself": "link loop"}


def test_two_folders_that_link_to_each_other_are_a_loop(source: Path) -> None:
    """Else a loop over two links would not be seen."""
    (source / "cat" / "dogs").symlink_to("../dog")
    (source / "dog" / "cats").symlink_to("../cat")
    assert set(entries(source)) - FILES == {
        "cat/dogs/c.jpg",
        "cat/dogs/cats",
        "dog/cats/a.jpg",
        "dog/cats/deep/b.jpg",
        "dog/cats/dogs",
    }
    assert reasons(source) == {"cat/dogs/cats": "link loop", "dog/cats/dogs": "link loop"}


def test_links_that_multiply_end(tmp_path: Path) -> None:
    """Else thirty small folders with two links each to the next would be walked until the universe ends."""
    levels = 30
    for level in range(levels):
        folder = tmp_path / f"{level:02d}"
        folder.mkdir()
        (folder / "a.jpg").touch()
        if level + 1 < levels:
            (folder / "x").symlink_to(f"../{level + 1:02d}")
            (folder / "y").symlink_to(f"../{level + 1:02d}")
    begin = time.perf_counter()
    found = entries(tmp_path)
    assert time.perf_counter() - begin < 5
    assert len(found) < levels * levels * folders.MOST_WAYS
    assert set(reasons(tmp_path).values()) == {"too many links"}
    assert {f"{level:02d}/a.jpg" for level in range(levels)} <= set(found)


def test_two_walks_find_the_same(source: Path) -> None:
    """Else which links are one too many would change from run to run."""
    for number in range(folders.MOST_WAYS + 3):
        (source / f"link {number:03d}").symlink_to("dog")
    assert list(reasons(source)) == [f"link {number:03d}" for number in (100, 101, 102)]
    assert entries(source) == entries(source)


def test_a_source_that_is_itself_a_link_is_read(source: Path, tmp_path: Path) -> None:
    """Else a folder of photos on another disk, linked into the project, could not be used."""
    (tmp_path / "link").symlink_to(source)
    (source / "dog" / "again.jpg").symlink_to("c.jpg")
    assert set(entries(tmp_path / "link")) == FILES | {"dog/again.jpg"}
    assert reasons(tmp_path / "link") == {}


def test_a_pipe_is_not_waited_for(source: Path) -> None:
    """Else reading it would hang for ever."""
    os.mkfifo(source / "cat" / "pipe.jpg")
    assert "cat/pipe.jpg" in entries(source)
    with pytest.raises(OSError, match="neither a file nor a link to one"):
        FolderSource(source).read("cat/pipe.jpg")


def test_a_file_larger_than_any_photo_is_not_read(source: Path) -> None:
    """Else one film among the photos could fill the memory of every core."""
    with (source / "cat" / "film.mp4").open("wb") as file:
        file.truncate(folders.MAX_BYTES + 1)
    with pytest.raises(OSError, match="the limit for one file is 268,435,456"):
        FolderSource(source).read("cat/film.mp4")
