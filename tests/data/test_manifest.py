"""Every file of a source accounted for."""

import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from photos import CLASSES, photo, write_photos
from PIL import Image
from sources import take_inventory

from pixelproof.data.folders import MAX_BYTES
from pixelproof.data.manifest import COLUMNS, QUARANTINE_COLUMNS
from pixelproof.errors import UserError
from pixelproof.params.data import Ingest


def ingest(**changes: Any) -> Ingest:
    usual = {"source": "photos", "min_images_per_class": 3, "min_side_px": 8, "max_quarantined_share": 0.5}
    return Ingest.model_validate(usual | changes)


def class_folder(source: Path, name: str, count: int = 5) -> Path:
    """Add a class of grey noise, another for each name."""
    folder = source / name
    folder.mkdir(parents=True)
    rng = np.random.default_rng(list(os.fsencode(name)))
    for number in range(count):
        Image.fromarray(rng.integers(0, 256, (10, 10), dtype=np.uint8)).save(folder / f"{number}.png")
    return folder


def complaint(source: Path, params: Ingest) -> str:
    with pytest.raises(UserError) as refused:
        take_inventory(source, params)
    return str(refused.value)


def snapshot(source: Path) -> dict[str, tuple[bytes, int]]:
    return {str(path): (path.read_bytes(), path.stat().st_mtime_ns) for path in source.rglob("*") if path.is_file()}


def spoil(source: Path) -> None:
    """Put one file of every kind into the source that cannot be used, and two to ignore."""
    data = (source / "bars" / "bars000.jpg").read_bytes()
    (source / "bars" / "empty.jpg").touch()
    (source / "bars" / "page.jpg").write_text("<!DOCTYPE html>")
    (source / "bars" / "cut.jpg").write_bytes(data[: len(data) // 2])
    photo("bars", 99, width=7).save(source / "bars" / "tiny.png")
    (source / "bars" / "gone.jpg").symlink_to(source / "nowhere.jpg")
    (source / "README.txt").write_text("my photos")
    (source / "linked").symlink_to(source.parent)
    shutil.copy(source / "dots" / "dots000.jpg", source / "bars" / "same.jpg")
    (source / "dots" / ".DS_Store").write_text("x")
    (source / "dots" / "Thumbs.db").write_text("x")


def test_good_photos_are_accepted_with_their_facts(source: Path) -> None:
    """Else later stages would compute with wrong sizes or labels."""
    inventory = take_inventory(source, ingest())
    photos = inventory.photos
    assert photos.columns.tolist() == COLUMNS
    assert inventory.classes == list(CLASSES)
    assert photos["id"].tolist() == sorted(f"{path.parent.name}/{path.name}" for path in source.rglob("*.jpg"))
    assert (photos["label"] == photos["id"].str.split("/").str[0]).all()
    assert photos[["format", "mode", "width", "height", "orientation", "frames"]].drop_duplicates().values.tolist() == [
        ["JPEG", "RGB", 40, 32, 1, 1]
    ]
    assert photos["bytes"].tolist() == [(source / name).stat().st_size for name in photos["id"]]


def test_every_file_is_accepted_or_in_quarantine_or_ignored(source: Path) -> None:
    """Else photos could be lost without a word."""
    spoil(source)
    inventory = take_inventory(source, ingest())
    named = [*inventory.photos["id"], *inventory.quarantine["path"], *inventory.ignored]
    there = [str(path.relative_to(source)) for path in source.rglob("*") if path.is_symlink() or path.is_file()]
    assert sorted(named) == sorted(there)
    report = inventory.report()
    assert report["found"] == len(there)
    assert report["found"] == report["accepted"] + report["quarantined"] + report["ignored"]
    assert report["accepted"] == sum(report["classes"].values()) == 47
    assert report["quarantined"] == sum(report["quarantine_reasons"].values()) == 9
    assert report["ignored_paths"] == ["dots/.DS_Store", "dots/Thumbs.db"]


def test_every_refused_file_has_its_reason(source: Path) -> None:
    """Else nobody would know what to mend."""
    spoil(source)
    quarantine = take_inventory(source, ingest()).quarantine
    assert quarantine.columns.tolist() == QUARANTINE_COLUMNS
    assert dict(zip(quarantine["path"], quarantine["reason"], strict=True)) == {
        "README.txt": "no class folder",
        "bars/cut.jpg": "truncated or damaged",
        "bars/empty.jpg": "zero bytes",
        "bars/gone.jpg": "broken link",
        "bars/page.jpg": "not an image",
        "bars/same.jpg": "label conflict",
        "bars/tiny.png": "too small",
        "dots/dots000.jpg": "label conflict",
        "linked": "link outside the source",
    }
    assert (quarantine["detail"] != "").all()


def test_a_picture_under_two_labels_is_refused_under_both(source: Path) -> None:
    """Else the network would be taught that one picture is both."""
    shutil.copy(source / "dots" / "dots000.jpg", source / "bars" / "same.jpg")
    shutil.copy(source / "dots" / "dots000.jpg", source / "dots" / "again.jpg")
    inventory = take_inventory(source, ingest())
    refused = inventory.quarantine.set_index("path")
    assert refused.index.tolist() == ["bars/same.jpg", "dots/again.jpg", "dots/dots000.jpg"]
    assert refused["detail"]["bars/same.jpg"] == "the same picture as dots/again.jpg, dots/dots000.jpg"
    assert not inventory.photos["id"].isin(refused.index).any()


def test_copies_share_a_group_and_all_others_have_their_own(source: Path) -> None:
    """Else a copy of a test photo could be trained on."""
    shutil.copy(source / "dots" / "dots000.jpg", source / "dots" / "copy.jpg")
    photo("dots", 50).save(source / "dots" / "x.png")
    photo("dots", 50).save(source / "dots" / "x again.png", compress_level=0)
    photo("dots", 50).save(source / "dots" / "x.bmp")
    inventory = take_inventory(source, ingest())
    groups = inventory.photos.groupby("group")["id"].apply(list)
    assert [ids for ids in groups if len(ids) > 1] in (
        [["dots/copy.jpg", "dots/dots000.jpg"], ["dots/x again.png", "dots/x.bmp", "dots/x.png"]],
        [["dots/x again.png", "dots/x.bmp", "dots/x.png"], ["dots/copy.jpg", "dots/dots000.jpg"]],
    )
    report = inventory.report()
    assert (report["groups_of_copies"], report["photos_in_groups_of_copies"]) == (2, 5)


@pytest.mark.parametrize("label", CLASSES)
def test_a_jpeg_saved_again_as_png_is_a_copy(source: Path, label: str) -> None:
    """Else a converted copy of a test photo could be trained on."""
    for path in sorted((source / label).iterdir()):
        with Image.open(path) as image:
            image.save(path.with_suffix(".png"))
    assert take_inventory(source, ingest()).report()["groups_of_copies"] == 24


def test_the_source_is_never_changed(source: Path) -> None:
    """Else someone's only copy of their photos could be damaged."""
    spoil(source)
    (source / "bars" / "gone.jpg").unlink()
    before = snapshot(source)
    take_inventory(source, ingest())
    assert snapshot(source) == before


def test_two_runs_agree(source: Path) -> None:
    """Else DVC would take the same photos for new ones."""
    spoil(source)
    first, second = take_inventory(source, ingest()), take_inventory(source, ingest())
    pd.testing.assert_frame_equal(first.photos, second.photos)
    pd.testing.assert_frame_equal(first.quarantine, second.quarantine)


def test_ingest_classes_chooses_classes_and_their_order(source: Path) -> None:
    """Else the class numbers would follow the alphabet whatever params.yaml says."""
    class_folder(source, "other")
    inventory = take_inventory(source, ingest(classes=["dots", "bars"]))
    assert inventory.classes == ["dots", "bars"]
    assert list(inventory.report()["classes"]) == ["dots", "bars"]
    assert set(inventory.photos["label"]) == set(CLASSES)
    assert inventory.ignored == [f"other/{number}.png" for number in range(5)]


def test_a_class_that_is_chosen_but_not_there_is_named(source: Path) -> None:
    """Else a misspelt class would leave the network an output that never fires."""
    message = complaint(source, ingest(classes=["bars", "dotz"]))
    assert str(source / "dotz") in message
    assert "0 readable images" in message


def test_a_class_that_is_too_small_is_named(source: Path) -> None:
    """Else a class of two photos would be split into nothing."""
    class_folder(source, "rare", 2)
    message = complaint(source, ingest())
    assert message.startswith(f"{source / 'rare'}: 2 readable images, but ingest.min_images_per_class is 3")
    assert "params.yaml" in message


def test_a_class_whose_photos_are_all_broken_is_named(source: Path) -> None:
    """Else a whole class would be missing from the network without a word."""
    class_folder(source, "broken", 2)
    for path in (source / "broken").iterdir():
        path.write_bytes(b"")
    message = complaint(source, ingest())
    assert message.startswith(f"{source / 'broken'}: 0 readable images")


def test_one_class_alone_is_refused(tmp_path: Path) -> None:
    """Else a classifier would be trained that can say only one thing."""
    class_folder(tmp_path, "cats")
    message = complaint(tmp_path, ingest())
    assert "only one class folder with photos (cats)" in message
    assert "at least two" in message


@pytest.mark.parametrize("junk", [[], [".DS_Store"], ["cat/.hidden"]])
def test_a_source_without_photos_is_refused(tmp_path: Path, junk: list[str]) -> None:
    """Else an empty folder would end in a traceback."""
    for name in junk:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    message = complaint(tmp_path, ingest())
    assert message.startswith(f"ingest.source: {str(tmp_path)!r} holds no photos")


def test_a_missing_source_and_a_file_as_source_are_refused(source: Path) -> None:
    """Else a wrong path would end in a traceback."""
    assert "does not exist" in complaint(source / "nowhere", ingest())
    assert "is a file" in complaint(source / "bars" / "bars000.jpg", ingest())


def test_too_many_refused_files_stop_with_a_count_and_an_example(source: Path) -> None:
    """Else a half-broken download would be trained on."""
    for number in range(10):
        (source / "bars" / f"{number}.jpg").touch()
    (source / "bars" / "page.jpg").write_text("<html>")
    message = complaint(source, ingest(max_quarantined_share=0.1))
    for part in ("11 of 59 files", "19%", "ingest.max_quarantined_share is 10%", "10 zero bytes", "1 not an image"):
        assert part in message
    assert "The first: bars/0.jpg (the file is empty)" in message


def test_as_many_refused_files_as_allowed_do_not_stop(source: Path) -> None:
    """Else the limit would be off by one."""
    for number in range(12):
        (source / "bars" / f"{number}.jpg").touch()
    assert len(take_inventory(source, ingest(max_quarantined_share=12 / 60)).quarantine) == 12


def test_a_film_among_the_photos_is_refused_unread(source: Path) -> None:
    """Else a file of some gigabytes would be read into memory as a whole."""
    with (source / "bars/film.mp4").open("wb") as film:
        film.truncate(MAX_BYTES + 1)
    refused = take_inventory(source, ingest()).quarantine.set_index("path").loc["bars/film.mp4"]
    assert refused["reason"] == "too large"
    assert f"{MAX_BYTES:,}" in refused["detail"]


@pytest.mark.parametrize("share", [0.5, 1.0])
def test_a_source_of_nothing_but_broken_files_is_refused(tmp_path: Path, share: float) -> None:
    """Else the limit of 100% would end in a traceback."""
    for name in ("cat", "dog"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.jpg").touch()
    assert str(tmp_path) in complaint(tmp_path, ingest(max_quarantined_share=share))


@pytest.mark.parametrize(("limit", "accepted"), [(10, True), (11, False)])
def test_the_shorter_side_decides_what_is_too_small(tmp_path: Path, limit: int, accepted: bool) -> None:
    """Else thumbnails and spacers would be trained on, or the limit be off by one."""
    write_photos(tmp_path / "photos", 4)
    photo("dots", 77, width=10, height=30).save(tmp_path / "photos" / "dots" / "narrow.png")
    inventory = take_inventory(tmp_path / "photos", ingest(min_side_px=limit))
    assert ("dots/narrow.png" in set(inventory.photos["id"])) == accepted
    if not accepted:
        assert inventory.quarantine["detail"].tolist() == ["10 x 30 pixels; ingest.min_side_px is 11"]


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


def test_the_odd_files_are_all_accounted_for(odd_files: Path) -> None:
    """Else one of the field's strange files would stop ingest, or fall between manifest and quarantine."""
    report = take_inventory(
        odd_files, ingest(min_images_per_class=1, classes=["broken", "derived", "exif", "modes", "wild"])
    ).report()
    assert report["found"] == sum(path.is_file() for path in odd_files.rglob("*"))
    assert report["found"] == report["accepted"] + report["quarantined"] + report["ignored"]
