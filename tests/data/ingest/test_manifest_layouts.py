"""Every file accounted for, whatever names and layout the source has."""

import json
import os
import shutil
from pathlib import Path

import pandas as pd
import pytest

from tests.support.photos import CLASSES, photo
from tests.support.sources import class_folder, complaint, ingest, snapshot, take_inventory


@pytest.mark.parametrize("name", ["NA", "null", "mes photos", "猫", "été", "100%", "a,b", "1.5", "-x", "cat.jpg"])
def test_a_class_folder_may_have_any_name(source: Path, tmp_path: Path, name: str) -> None:
    """Else a class would be lost to pandas' missing values, to spaces, or to other alphabets."""
    class_folder(source, name)
    inventory = take_inventory(source, ingest())
    assert name in inventory.classes
    assert inventory.report()["classes"][name] == 5
    inventory.photos.to_parquet(tmp_path / "manifest.parquet", index=False)
    assert (pd.read_parquet(tmp_path / "manifest.parquet")["label"] == name).sum() == 5


@pytest.mark.parametrize(
    "name",
    ["Screenshot 9.41\u202fAM", "写真\u3000一", "a\xa0b", "family \U0001f468\u200d\U0001f469\u200d\U0001f467"],
    ids=["narrow no-break space", "ideographic space", "no-break space", "joined emoji"],
)
def test_names_that_computers_give_are_read(source: Path, name: str) -> None:
    """Else a Mac's screenshots and Japanese file names would be refused for bytes that they do not hold."""
    photo("dots", 60).save(source / "dots" / f"{name}.png")
    assert f"dots/{name}.png" in set(take_inventory(source, ingest()).photos["id"])


@pytest.mark.parametrize("name", [b"\xff\xfe.jpg", b"a\nb.jpg", b"a\x1b[31m.jpg"])
def test_names_that_cannot_be_written_down_are_refused(source: Path, name: bytes) -> None:
    """Else the manifest could not be written, or a name could play tricks on the terminal."""
    shutil.copy(source / "dots" / "dots000.jpg", source / "dots" / os.fsdecode(name))
    quarantine = take_inventory(source, ingest()).quarantine
    assert quarantine["reason"].tolist() == ["name not readable"]
    quarantine.to_csv(index=False).encode("utf-8")


@pytest.mark.parametrize(("name", "classes"), [(b".\xff", None), (b"\xff", list(CLASSES))])
def test_ignored_names_can_be_reported(source: Path, name: bytes, classes: list[str] | None) -> None:
    """Else one strange name of a file that nobody wants would stop ingest when the report is written."""
    folder = source / os.fsdecode(name)
    folder.mkdir()
    (folder / "a.jpg").touch()
    report = take_inventory(source, ingest(classes=classes)).report()
    assert report["ignored"] == 1
    json.dumps(report, ensure_ascii=False).encode("utf-8")


@pytest.mark.parametrize("name", [b"caf\xe9", b"a\nb"])
def test_a_class_folder_that_cannot_be_written_down_is_no_class(source: Path, name: bytes) -> None:
    """Else its photos, all in quarantine, would leave a class without photos, which ends the run."""
    (source / os.fsdecode(name)).mkdir()
    photo("dots", 61).save(source / os.fsdecode(name) / "1.png")
    found = take_inventory(source, ingest())
    assert found.classes == list(CLASSES)
    assert found.quarantine["reason"].tolist() == ["name not readable"]


def test_a_wrong_suffix_does_not_matter(source: Path) -> None:
    """Else a PNG named .jpg, as browsers save them, would be refused or misread."""
    photo("dots", 61).save(source / "dots" / "x.jpg", format="PNG")
    shutil.copy(source / "dots" / "dots000.jpg", source / "dots" / "y")
    (source / "dots" / "dots000.jpg").unlink()
    formats = take_inventory(source, ingest()).photos.set_index("id")["format"]
    assert (formats["dots/x.jpg"], formats["dots/y"]) == ("PNG", "JPEG")


@pytest.fixture
def parted(tmp_path: Path) -> Path:
    """A source that gives its parts."""
    for number, part in enumerate(("train", "val", "test")):
        for label in CLASSES:
            folder = tmp_path / "parted" / part / label
            folder.mkdir(parents=True)
            for photo_number in range(4):
                photo(label, 100 * number + photo_number).save(folder / f"{photo_number}.png")
    return tmp_path / "parted"


def test_given_parts_are_in_the_manifest(parted: Path, tmp_path: Path) -> None:
    """Else a benchmark's own test part could not be kept."""
    inventory = take_inventory(parted, ingest())
    assert inventory.classes == list(CLASSES)
    inventory.photos.to_parquet(tmp_path / "manifest.parquet", index=False)
    photos = pd.read_parquet(tmp_path / "manifest.parquet")
    assert photos["given_part"].value_counts().to_dict() == {"train": 8, "valid": 8, "test": 8}
    assert (photos["given_part"] == photos["id"].str.split("/").str[0].replace({"val": "valid"})).all()


def test_a_source_without_parts_gives_none(source: Path, tmp_path: Path) -> None:
    """Else the split could not tell a given part from none."""
    take_inventory(source, ingest()).photos.to_parquet(tmp_path / "manifest.parquet", index=False)
    given = pd.read_parquet(tmp_path / "manifest.parquet")["given_part"]
    assert given.isna().all()
    assert given.dtype == "str"


def test_copies_in_two_given_parts_stay_in_the_one_that_evaluates(parted: Path) -> None:
    """Else a photo of the test part would be trained on, or chosen by."""
    copies = {
        "train/bars/of test.png": "test/bars/0.png",
        "train/bars/of both.png": "test/bars/1.png",
        "val/bars/of both.png": "test/bars/1.png",
        "train/dots/of valid.png": "val/dots/2.png",
        "test/dots/own copy.png": "test/dots/3.png",
    }
    for copy, original in copies.items():
        shutil.copy(parted / original, parted / copy)
    inventory = take_inventory(parted, ingest())
    assert inventory.quarantine[["path", "reason", "detail"]].values.tolist() == [
        ["train/bars/of both.png", "copy of a test photo", "the same picture as test/bars/1.png"],
        ["train/bars/of test.png", "copy of a test photo", "the same picture as test/bars/0.png"],
        ["train/dots/of valid.png", "copy of a valid photo", "the same picture as val/dots/2.png"],
        ["val/bars/of both.png", "copy of a test photo", "the same picture as test/bars/1.png"],
    ]
    assert (inventory.photos.groupby("group")["given_part"].nunique() == 1).all()
    assert "test/dots/own copy.png" in set(inventory.photos["id"])


def test_a_class_that_is_too_small_is_named_without_a_folder_where_it_has_none(parted: Path) -> None:
    """Else the message would name a folder that is not there."""
    message = complaint(parted, ingest(min_images_per_class=13))
    assert message.startswith(f"{parted}: class 'bars': 12 readable images, but ingest.min_images_per_class is 13")


def test_a_flat_folder_has_the_classes_of_its_names(tmp_path: Path) -> None:
    """Else photos without class folders could not be used."""
    for label in CLASSES:
        for number in range(4):
            photo(label, number).save(tmp_path / f"{label}.{number}.png")
    (tmp_path / "README.txt").write_text("mine")
    inventory = take_inventory(tmp_path, ingest())
    assert inventory.classes == list(CLASSES)
    assert (inventory.photos["label"] == inventory.photos["id"].str.split(".").str[0]).all()
    assert inventory.quarantine[["path", "reason"]].values.tolist() == [["README.txt", "no label"]]
    assert take_inventory(tmp_path, ingest(pattern=r"(?P<label>.)[a-z]+\.\d\.png")).classes == ["b", "d"]


def test_a_flat_folder_of_names_without_labels_is_told_what_to_do(tmp_path: Path) -> None:
    """Else someone with a folder of holiday photos would not know what is missing."""
    for number in range(4):
        photo("dots", number).save(tmp_path / f"holiday {number}.png")
    message = complaint(tmp_path, ingest())
    assert "4 no label" in message
    assert "use class folders, or set ingest.pattern" in message


def test_a_source_with_a_table_is_accounted_for(source: Path) -> None:
    """Else rows without a file, or files without a row, would be lost without a word."""
    files = sorted(str(path.relative_to(source)) for path in source.rglob("*.jpg"))
    rows = [f"{name},{'ab'[number % 2]},{('train', 'test')[number % 3 == 0]}" for number, name in enumerate(files[2:])]
    (source / "labels.csv").write_text("\n".join(["path,label,part", *rows, "gone.jpg,a,test"]))
    before = snapshot(source)
    inventory = take_inventory(source, ingest())
    assert inventory.classes == ["a", "b"]
    assert inventory.photos["id"].tolist() == files[2:]
    assert inventory.photos["given_part"].value_counts().to_dict() == {"train": 30, "test": 16}
    assert inventory.quarantine[["path", "reason"]].values.tolist() == [
        [files[0], "not in labels.csv"],
        [files[1], "not in labels.csv"],
        ["gone.jpg", "missing file"],
    ]
    report = inventory.report()
    assert report["ignored_paths"] == ["labels.csv"]
    assert (report["found"], report["missing"]) == (len(files) + 1, 1)
    assert report["found"] + report["missing"] == report["accepted"] + report["quarantined"] + report["ignored"]
    assert snapshot(source) == before


def test_a_line_without_a_file_is_missing_whatever_its_class(source: Path) -> None:
    """Else a file that is not there would be counted among those found."""
    files = sorted(str(path.relative_to(source)) for path in source.rglob("*.jpg"))
    rows = [f"{name},{name[:4]}" for name in files]
    (source / "labels.csv").write_text("\n".join(["path,label", *rows, "gone.jpg,other"]))
    report = take_inventory(source, ingest(classes=list(CLASSES))).report()
    assert (report["found"], report["missing"], report["ignored"]) == (len(files) + 1, 1, 1)
