"""Which files a source holds, by their names."""

import os
from pathlib import Path
from typing import Any

import pytest

from pixelproof.data.sources.labels import SYSTEM_FILES, SYSTEM_FOLDERS
from pixelproof.data.sources.source import ScannedFile
from pixelproof.errors import UserError
from tests.support.sources import scan


def touch(source: Path, *names: str) -> Path:
    for name in names:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).touch()
    return source


def test_the_class_is_the_first_folder(tmp_path: Path) -> None:
    """Else photos in sub-folders of a class would be lost or get classes of their own."""
    assert scan(touch(tmp_path, "cat/a.jpg", "cat/2024/b.jpg", "dog/a.jpg")) == [
        ScannedFile("cat/2024/b.jpg", "cat", False),
        ScannedFile("cat/a.jpg", "cat", False),
        ScannedFile("dog/a.jpg", "dog", False),
    ]


def test_files_come_in_order_of_their_path(tmp_path: Path) -> None:
    """Else the manifest would differ from one file system to another."""
    names = ["b/1", "a/2", "a b/1", "a/10", "é/1", "B/1"]
    assert [found.path for found in scan(touch(tmp_path, *names))] == sorted(names)


def test_a_file_beside_the_class_folders_has_no_class(tmp_path: Path) -> None:
    """Else a stray file would become a class."""
    stray = scan(touch(tmp_path, "README.txt", "cat/a.jpg", "dog/a.jpg"))[0]
    assert (stray.path, stray.label, stray.ignored) == ("README.txt", None, False)
    assert stray.refused == ("no class folder", "the file lies beside the class folders, not in one")


@pytest.mark.parametrize("valid", ["valid", "val", "validation"])
def test_parts_above_the_classes_are_seen(tmp_path: Path, valid: str) -> None:
    """Else train and test would be taken for two classes."""
    touch(tmp_path, "train/cat/a.jpg", f"{valid}/cat/sub/a.jpg", "test/dog/a.jpg", ".git/x", "__MACOSX/cat/a.jpg")
    seen = {found.path: (found.label, found.part) for found in scan(tmp_path) if not found.ignored}
    assert seen == {
        "train/cat/a.jpg": ("cat", "train"),
        f"{valid}/cat/sub/a.jpg": ("cat", "valid"),
        "test/dog/a.jpg": ("dog", "test"),
    }


@pytest.mark.parametrize(
    "folders",
    [["train"], ["valid", "test"], ["train", "test", "cat"], ["train", "bus"], ["Train", "Test"], ["val", "valid"]],
    ids="+".join,
)
def test_other_top_folders_are_classes(tmp_path: Path, folders: list[str]) -> None:
    """Else photos of trains, beside photos of buses, would be taken for a training part."""
    found = scan(touch(tmp_path, *(f"{folder}/x/a.jpg" for folder in folders)))
    assert [(file.label, file.part) for file in found] == [(folder, None) for folder in sorted(folders)]


def test_stray_files_among_parts_are_told_apart(tmp_path: Path) -> None:
    """Else a photo without a class or without a part would be trained on."""
    found = scan(touch(tmp_path, "README.txt", "train/a.jpg", "train/cat/a.jpg", "test/cat/a.jpg"))
    reasons = {file.path: file.refused[0] for file in found if file.refused}
    assert reasons == {"README.txt": "no part folder", "train/a.jpg": "no class folder"}


def test_a_part_that_leads_outside_is_still_a_part(tmp_path: Path) -> None:
    """Else the parts that are left would be taken for classes."""
    source = touch(tmp_path / "photos", "test/cat/a.jpg", "valid/cat/a.jpg")
    touch(tmp_path / "elsewhere", "cat/b.jpg")
    (source / "train").symlink_to(tmp_path / "elsewhere")
    found = {file.path: (file.label, file.part, file.refused and file.refused[0]) for file in scan(source)}
    assert found == {
        "test/cat/a.jpg": ("cat", "test", None),
        "train": (None, "train", "link outside the source"),
        "valid/cat/a.jpg": ("cat", "valid", None),
    }


def labels(source: Path, pattern: str | None = None) -> dict[str, str | None]:
    return {found.path: found.label for found in scan(source, pattern)}


def test_numbered_names_give_the_label_where_there_are_no_class_folders(tmp_path: Path) -> None:
    """Else a flat folder, as Kaggle's cats and dogs come in, could not be used."""
    touch(tmp_path, "cat.0.jpg", "cat.12.JPEG", "hot dog.3.png", ".DS_Store", "README.txt", "cat.jpg", "cat.a.jpg")
    found = {file.path: file.label or (file.refused or ("ignored",))[0] for file in scan(tmp_path)}
    assert found == {
        "cat.0.jpg": "cat",
        "cat.12.JPEG": "cat",
        "hot dog.3.png": "hot dog",
        ".DS_Store": "ignored",
        "README.txt": "no label",
        "cat.jpg": "no label",
        "cat.a.jpg": "no label",
    }


def test_class_folders_come_before_numbered_names(tmp_path: Path) -> None:
    """Else a stray file would make a class, or photos would leave their folder's class."""
    assert labels(touch(tmp_path, "pets/cat.0.jpg", "wild/cat.1.jpg", "cat.2.jpg")) == {
        "pets/cat.0.jpg": "pets",
        "wild/cat.1.jpg": "wild",
        "cat.2.jpg": None,
    }


def test_a_pattern_decides_when_given(tmp_path: Path) -> None:
    """Else names of other shapes could not be read."""
    touch(tmp_path, "001-cat.jpg", "sub/002-dog.jpg", "sub/003-.jpg", "x001-cat.jpg", "001-cat.jpg.txt")
    assert labels(tmp_path, r"\d+-(?P<label>[a-z]+)?\.jpg") == {
        "001-cat.jpg": "cat",
        "sub/002-dog.jpg": "dog",
        "sub/003-.jpg": None,
        "x001-cat.jpg": None,
        "001-cat.jpg.txt": None,
    }


@pytest.mark.parametrize(("pattern", "words"), [(None, "ingest.pattern"), ("(?P<label>x)", "ingest.pattern, (?P<la")])
def test_a_name_without_a_label_is_told_what_to_do(tmp_path: Path, pattern: str | None, words: str) -> None:
    """Else nobody would know how a name must look."""
    refused = scan(touch(tmp_path, "holiday.jpg"), pattern)[0].refused
    assert refused is not None
    assert refused[0] == "no label"
    assert words in refused[1]


def test_names_give_labels_below_parts_too(tmp_path: Path) -> None:
    """Else the folders train and test of flat data sets would be taken for classes."""
    touch(tmp_path, "train/cat.0.jpg", "train/dog.0.jpg", "test/cat.1.jpg", "test/7.jpg")
    assert [(found.path, found.label, found.part) for found in scan(tmp_path)] == [
        ("test/7.jpg", None, "test"),
        ("test/cat.1.jpg", "cat", "test"),
        ("train/cat.0.jpg", "cat", "train"),
        ("train/dog.0.jpg", "dog", "train"),
    ]


def test_a_label_that_cannot_be_written_down_is_none(tmp_path: Path) -> None:
    """Else one strange file name would make a class, and stop the run when the class is named."""
    assert list(labels(touch(tmp_path, os.fsdecode(b"\xff.0.jpg"))).values()) == [None]


def test_a_table_decides_over_folders_and_pattern(tmp_path: Path) -> None:
    """Else labels.csv would be taken for a stray file, and the folders' names for classes."""
    touch(tmp_path, "train/x/a.jpg", "test/x/b.jpg", ".DS_Store", ".cache/c.jpg", "more.jpg")
    (tmp_path / "labels.csv").write_text("path,label\ntrain/x/a.jpg,cat\n.cache/c.jpg,dog\nsub/gone.jpg,dog\n")
    (tmp_path / "link").symlink_to(tmp_path / "train" / "x")
    found = scan(tmp_path, r"(?P<label>.).*")
    assert [(file.path, file.label, file.ignored, file.part) for file in found] == [
        (".DS_Store", None, True, None),
        (".cache/c.jpg", "dog", False, None),
        ("labels.csv", None, True, None),
        ("link/a.jpg", None, False, None),
        ("more.jpg", None, False, None),
        ("sub/gone.jpg", "dog", False, None),
        ("test/x/b.jpg", None, False, None),
        ("train/x/a.jpg", "cat", False, None),
    ]
    assert {file.path: file.refused[0] for file in found if file.refused} == {
        "link/a.jpg": "not in labels.csv",
        "more.jpg": "not in labels.csv",
        "sub/gone.jpg": "missing file",
        "test/x/b.jpg": "not in labels.csv",
    }


def test_a_table_lower_down_is_a_file_like_any_other(tmp_path: Path) -> None:
    """Else one class's own list would decide over all classes."""
    touch(tmp_path, "cat/labels.csv", "dog/a.jpg")
    assert labels(tmp_path) == {"cat/labels.csv": "cat", "dog/a.jpg": "dog"}


@pytest.mark.parametrize(
    "name",
    [
        "cat/.DS_Store",
        ".hidden",
        ".git/objects/ab",
        "cat/.partial/a.jpg",
        *(f"cat/{name}" for name in sorted(SYSTEM_FILES)),
        *(f"{name}/cat/a.jpg" for name in sorted(SYSTEM_FOLDERS)),
        "cat/Thumbs.db",
        "__MACOSX/cat/a.jpg",
    ],
)
def test_what_systems_leave_behind_is_ignored(name: str, tmp_path: Path) -> None:
    """Else a folder copied from a Mac or Windows would have broken photos, or a class too many."""
    assert [found.ignored for found in scan(touch(tmp_path, name))] == [True]


@pytest.mark.parametrize("name", ["cat/thumbs.jpg", "cat/a.db", "NA/a.jpg", "nan/None", "cat/icon", "a.b/c"])
def test_ordinary_names_are_not_ignored(name: str, tmp_path: Path) -> None:
    """Else photos would vanish without a word."""
    assert [found.ignored for found in scan(touch(tmp_path, name))] == [False]


def test_a_hidden_folder_above_the_source_hides_nothing(tmp_path: Path) -> None:
    """Else a source below a folder such as `.cache` would seem empty."""
    source = touch(tmp_path / ".cache" / "photos", "cat/a.jpg")
    assert [found.ignored for found in scan(source)] == [False]


def test_a_source_that_is_not_there_is_named(tmp_path: Path) -> None:
    """Else a mistyped path would end in a traceback."""
    with pytest.raises(UserError, match=r"ingest\.source: .*nowhere.* does not exist"):
        scan(tmp_path / "nowhere")


def test_a_source_that_is_a_file_is_named(tmp_path: Path) -> None:
    """Else an archive named as the source would look like an empty folder."""
    with pytest.raises(UserError, match=r"ingest\.source: .*photos\.zip.* is a file"):
        scan(touch(tmp_path, "photos.zip") / "photos.zip")


def test_a_folder_that_may_not_be_read_does_not_vanish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a whole class would be missing from the data without a word."""
    touch(tmp_path, "cat/a.jpg", "dog/a.jpg")
    scandir = os.scandir

    def refuse(path: Any = ".") -> Any:
        if Path(path).name == "dog":
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    try:
        told = any(found.label == "dog" for found in scan(tmp_path))
    except (UserError, PermissionError) as error:
        told = "dog" in str(error)
    assert told
