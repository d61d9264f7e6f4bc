"""Every file of a source accounted for."""

import shutil
from pathlib import Path

import pandas as pd
import pytest
from PIL import Image

from pixelproof.data.ingest.manifest import COLUMNS, QUARANTINE_COLUMNS
from pixelproof.data.sources.folders import MAX_BYTES
from tests.support.photos import CLASSES, photo, write_photos
from tests.support.sources import class_folder, complaint, ingest, snapshot, take_inventory


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


def test_the_odd_files_are_all_accounted_for(odd_files: Path) -> None:
    """Else one of the field's strange files would stop ingest, or fall between manifest and quarantine."""
    report = take_inventory(
        odd_files, ingest(min_images_per_class=1, classes=["broken", "derived", "exif", "modes", "wild"])
    ).report()
    assert report["found"] == sum(path.is_file() for path in odd_files.rglob("*"))
    assert report["found"] == report["accepted"] + report["quarantined"] + report["ignored"]


def test_how_large_a_photo_may_be_is_a_param(tmp_path: Path) -> None:
    """Else a photo that is larger than we thought of would be lost, and nobody could say so."""
    source = tmp_path / "photos"
    for name in ("cats", "dogs"):
        class_folder(source, name)
    Image.new("RGB", (1000, 600)).save(source / "cats" / "wide.png")
    Image.new("RGB", (1000, 600)).save(source / "dogs" / "wide.jpg")
    refused = take_inventory(source, ingest(max_megapixels=1)).quarantine
    assert refused["path"].tolist() == ["cats/wide.png"]  # of a JPEG's million pixels a PNG may have half
    assert refused["reason"].tolist() == ["decompression bomb"]
    assert "ingest.max_megapixels / 2 for PNG" in refused["detail"][0]
    assert take_inventory(source, ingest(max_megapixels=2, placeholder_copies=None)).quarantine["reason"].tolist() == [
        "label conflict",
        "label conflict",
    ]
