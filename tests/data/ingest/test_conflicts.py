"""What becomes of near copies, from real files to the parts of a split."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from benchmarks.million import synthetic_manifest
from pixelproof.data.ingest.conflicts import NAMED, resolve_copies
from pixelproof.data.ingest.manifest import Inventory
from pixelproof.data.ingest.perceptual import THUMBNAIL_PX
from pixelproof.data.splits import audit, split_photos
from pixelproof.params.ingest import Ingest
from pixelproof.params.split import Split
from tests.support.sources import take_inventory

PER_CLASS = 20
LABELS = ("cats", "dogs")
SPLITS: dict[str, dict[str, Any]] = {
    "stratified": {"method": "stratified"},
    "stable": {"method": "stable"},
    "folds": {"method": "stratified", "folds": 4, "fold": 2},
    "given": {"method": "given"},
}


def inventory(source: Path, **changes: Any) -> Inventory:
    usual = {"source": str(source), "min_images_per_class": 1, "min_side_px": 8, "max_quarantined_share": 1.0}
    return take_inventory(source, Ingest.model_validate(usual | {"near_duplicate_bits": 8} | changes))


def shrunk(photo: Path, copy: Path, scale: float = 0.6) -> None:
    with Image.open(photo) as image:
        image.resize((round(image.width * scale), round(image.height * scale))).save(copy, quality=60)


def large_enough(folder: Path) -> list[Path]:
    """Return the first photos of which also the smaller copy has a hash."""
    found = []
    for path in sorted(folder.iterdir())[: 2 * PER_CLASS]:
        with Image.open(path) as image:
            if min(image.size) * 0.6 > THUMBNAIL_PX:
                found.append(path)
    return found[:PER_CLASS]


def with_copies(cats_dogs: Path, folder: Path, *, parted: bool) -> Path:
    """Copy real photos, and beside each its smaller copy; with `parted` into train/ and test/, each once in train/."""
    for label in LABELS:
        for number, photo in enumerate(large_enough(cats_dogs / label)):
            parts = ("test" if number % 3 == 0 else "train", "train") if parted else ("", "")
            own, copy = (folder / part / label / photo.name for part in parts)
            for path in (own, copy):
                path.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(photo, own)
            shrunk(photo, copy.with_name(f"small {photo.stem}.jpg"))
    return folder


@pytest.mark.parametrize("split", SPLITS)
def test_a_photo_and_its_smaller_copy_are_never_in_two_parts(split: str, cats_dogs: Path, tmp_path: Path) -> None:
    """The leak that makes every number a lie, through copies that other programs saved."""
    found = inventory(with_copies(cats_dogs, tmp_path / "photos", parted=split == "given"))
    params = Split.model_validate({"valid_share": 0.2, "test_share": 0.2} | SPLITS[split])
    splits = split_photos(found.photos, params, seed=7)
    audit(splits, params, seed=7)
    pictures = splits["id"].str.split("/").str[-1].str.removeprefix("small ")
    assert (splits.groupby(pictures)["part"].nunique() == 1).all()
    refused = found.quarantine
    if split == "given":
        assert len(refused) == 2 * len(range(0, PER_CLASS, 3))
        assert set(refused["reason"]) == {"copy of a test photo"}
        assert refused["detail"][0].startswith("a near copy of test/cats/")
    else:
        assert len(refused) == 0
        assert found.report()["groups_of_near_copies"] == 2 * PER_CLASS
        assert found.report()["photos_in_groups_of_near_copies"] == 4 * PER_CLASS


def test_one_picture_in_two_files_under_two_labels_is_a_conflict(odd_files: Path, tmp_path: Path) -> None:
    """Else the word "Adopted", which stands for a cat and for a dog, would be trained on as both."""
    for label, name in (
        ("cats", "cat.8456.jpg"),
        ("cats", "cat.5418.jpg"),
        ("dogs", "dog.8736.jpg"),
        ("dogs", "dog.9517.jpg"),
    ):
        (tmp_path / label).mkdir(exist_ok=True)
        shutil.copy(odd_files / "wild" / name, tmp_path / label / name)
    shutil.copy(tmp_path / "dogs/dog.8736.jpg", tmp_path / "dogs/again.jpg")
    found = inventory(tmp_path)
    assert found.quarantine[["path", "reason", "detail"]].values.tolist() == [
        ["cats/cat.8456.jpg", "label conflict", "a near copy of dogs/again.jpg and 1 more"],
        ["dogs/again.jpg", "label conflict", "the same picture as dogs/dog.8736.jpg; a near copy of cats/cat.8456.jpg"],
        ["dogs/dog.8736.jpg", "label conflict", "the same picture as dogs/again.jpg; a near copy of cats/cat.8456.jpg"],
    ]
    assert found.copies["reason"].tolist() == ["label conflict"] * 3
    assert len(inventory(tmp_path, near_duplicate_bits=0).quarantine) == 0


def test_no_real_cat_is_taken_for_a_dog(cats_dogs: Path, tmp_path: Path) -> None:
    """Else different photos would be thrown out as label conflicts."""
    for label in LABELS:
        (tmp_path / label).mkdir()
        for photo in sorted((cats_dogs / label).iterdir())[:200]:
            shutil.copy(photo, tmp_path / label)
    assert len(inventory(tmp_path, near_duplicate_bits=10).quarantine) == 0


def test_a_placeholder_is_refused_under_one_label_and_under_several(source: Path) -> None:
    """Else the network would learn what "photo not available" looks like; a photo that is there twice stays."""
    for number in range(NAMED + 3):
        shutil.copy(source / "dots/dots000.jpg", source / f"dots/none {number}.jpg")
    for label in ("dots", "bars"):
        shutil.copy(source / "bars/bars001.jpg", source / label / "x.jpg")
        shutil.copy(source / "bars/bars001.jpg", source / label / "y.jpg")
    shutil.copy(source / "bars/bars002.jpg", source / "bars/twice.jpg")
    found = inventory(source, placeholder_copies=4)
    assert found.report()["quarantine_reasons"] == {"placeholder repeated": NAMED + 4 + 5}
    assert {"bars/bars002.jpg", "bars/twice.jpg"} <= set(found.photos["id"])
    details = found.quarantine.set_index("path")["detail"]
    assert details["dots/dots000.jpg"].endswith("none 5.jpg and 3 more; ingest.placeholder_copies is 4")
    assert inventory(source).report()["quarantine_reasons"] == {"label conflict": 5}


def test_a_long_list_names_those_under_other_labels(source: Path) -> None:
    """Else a person could not see what the conflict is."""
    for number in range(20):
        shutil.copy(source / "dots/dots000.jpg", source / f"dots/a{number:02d}.jpg")
    shutil.copy(source / "dots/dots000.jpg", source / "bars/z.jpg")
    details = inventory(source).quarantine.set_index("path")["detail"]
    assert "bars/z.jpg" in details["dots/a05.jpg"]
    assert details["dots/a05.jpg"].endswith("and 15 more")


def test_many_made_up_photos_are_grouped_and_split() -> None:
    """Else a set of skewed hashes and repeated pictures would take hours; `benchmarks.million` does it at full size."""
    usual = {"source": "x", "min_images_per_class": 1, "min_side_px": 1, "max_quarantined_share": 1.0}
    found = resolve_copies(synthetic_manifest(20_000), Ingest.model_validate(usual | {"near_duplicate_bits": 6}))
    split = Split(method="stratified", valid_share=0.2, test_share=0.2)
    report = audit(split_photos(found.photos, split, seed=1), split, seed=1)
    assert sum(report["photos"].values()) + len(found.refused) == 20_000
    placeholder = found.copies["group"].value_counts()
    assert placeholder.iloc[0] > 3800  # a fifth are one picture, saved again and again
    assert placeholder.iloc[1] < 100
