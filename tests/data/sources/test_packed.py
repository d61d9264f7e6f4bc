"""Archives as sources: the same photos as in a folder, and no harm from what is not meant well."""

import io
import random
import shutil
import zipfile
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pixelproof.data.resize import resize_photos
from pixelproof.data.sources.source import ScannedFile, open_source
from pixelproof.data.splits import split_photos
from pixelproof.errors import UserError
from pixelproof.files.journal import Journal
from pixelproof.params.ingest import Ingest
from pixelproof.params.resize import Resize
from pixelproof.params.split import Split
from tests.support.archives import DIRECTORY, EACH_PACKING, PACKINGS, archive, forged, zipped
from tests.support.photos import photo
from tests.support.sources import scan, take_inventory

LAYOUTS: dict[str, tuple[list[str], str | None]] = {
    "class folders": (["cat/a.jpg", "cat/2024/b.jpg", "dog/a.jpg", "README.txt", "dog/.DS_Store"], None),
    "parts": (["train/cat/a.jpg", "val/cat/a.jpg", "test/dog/a.jpg", "LICENSE"], None),
    "numbered names": (["cat.0.jpg", "dog.12.png", "dog.jpg"], None),
    "a pattern": (["1-cat.jpg", "sub/2-dog.jpg", "dog.jpg"], r"\d-(?P<label>.*)\.jpg"),
    "a table": (["labels.csv", "a.jpg", "b/c.jpg", "more.jpg"], None),
}


TABLE = b"path,label,part\na.jpg,cat,train\nb/c.jpg,dog,test\ngone.jpg,dog,test\n"


def written(folder: Path, files: Mapping[str, bytes]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    return folder


def contents(path: Path) -> dict[str, bytes]:
    with open_source(path) as source:
        return {str(entry.path): source.read(str(entry.path)) for entry in source.entries()}


def ingest(**changes: Any) -> Ingest:
    usual = {"source": "photos", "min_images_per_class": 3, "min_side_px": 8, "max_quarantined_share": 0.5}
    return Ingest.model_validate(usual | changes)


@EACH_PACKING
@pytest.mark.parametrize("outer", ["", "photos/", "./set/photos 1/"], ids=["bare", "outer folder", "two outer folders"])
@pytest.mark.parametrize("layout", LAYOUTS)
def test_any_layout_is_seen_as_in_a_folder(tmp_path: Path, packing: str, outer: str, layout: str) -> None:
    """Else a layout would be understood in a folder and not in an archive of it."""
    names, pattern = LAYOUTS[layout]
    files = {name: TABLE if name == "labels.csv" else name.encode() for name in names}
    folder = written(tmp_path / "photos", files)
    packed_up = {f"{outer}{name}": content for name, content in files.items()} | {"__MACOSX/photos/._a.jpg": b""}
    found = scan(archive(tmp_path, PACKINGS[packing](packed_up)), pattern)
    assert [file for file in found if not file.path.startswith("__MACOSX")] == scan(folder, pattern)
    assert ScannedFile("__MACOSX/photos/._a.jpg", None, True) in found
    assert contents(tmp_path / "photos.archive").items() >= files.items()


@EACH_PACKING
def test_the_same_photos_make_the_same_manifest_splits_and_images(source: Path, tmp_path: Path, packing: str) -> None:
    """Else packing a folder would change ids and parts, and train everything anew."""
    (source / "bars" / "cut.jpg").write_bytes((source / "bars" / "bars000.jpg").read_bytes()[:300])
    (source / "bars" / "empty.jpg").touch()
    shutil.copy(source / "dots" / "dots000.jpg", source / "dots" / "copy.jpg")
    files = {str(path.relative_to(source)): path.read_bytes() for path in source.rglob("*") if path.is_file()}
    path = archive(tmp_path, PACKINGS[packing]({f"photos/{name}": content for name, content in files.items()}))
    (manifest, quarantine, splits, store), others = outputs(source, tmp_path / "1"), outputs(path, tmp_path / "2")
    pd.testing.assert_frame_equal(manifest, others[0])
    pd.testing.assert_frame_equal(quarantine, others[1])
    pd.testing.assert_frame_equal(splits, others[2])
    assert (len(manifest), len(quarantine), len(store)) == (49, 2, 3)
    assert store == others[3]


def outputs(path: Path, folder: Path) -> tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame, dict[str, str]]:
    """Return manifest, quarantine, splits, and a hash of every file of the image store."""
    inventory = take_inventory(path, ingest())
    params = Split(method="stratified", valid_share=0.2, test_share=0.2)
    resize = Resize(height_px=16, width_px=16, colour="rgb", fit="pad")
    with open_source(path) as opened:
        resize_photos(opened, inventory.photos, inventory.classes, resize, folder, Journal())
    store = {file.name: sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}
    return inventory.photos, inventory.quarantine, split_photos(inventory.photos, params, seed=1), store


@EACH_PACKING
def test_an_archive_is_never_changed_and_nothing_is_left_beside_it(tmp_path: Path, packing: str) -> None:
    """Else someone's only copy could be damaged, or their disk filled."""
    files = {f"{label}/{number}.png": png(label, number) for label in ("bars", "dots") for number in range(4)}
    (tmp_path / "in").mkdir()
    path = archive(tmp_path / "in", PACKINGS[packing](files))
    path.chmod(0o400)
    before = (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_mode)
    with open_source(path, tmp_path / "work") as source:
        assert {name: source.read(name) for name in files} == files
        assert list((tmp_path / "work").rglob("*")) == []
    assert (path.read_bytes(), path.stat().st_mtime_ns, path.stat().st_mode) == before
    assert [file.name for file in (tmp_path / "in").iterdir()] == [path.name]


def png(label: str, number: int) -> bytes:
    buffer = io.BytesIO()
    photo(label, number).save(buffer, "PNG")
    return buffer.getvalue()


@EACH_PACKING
def test_many_threads_read_one_archive(tmp_path: Path, packing: str) -> None:
    """Else a photo would get the bytes of another: threads share the file."""
    rng = random.Random(7)
    files = {f"{number % 7}/{number}": rng.randbytes(rng.randrange(5_000)) for number in range(100)}
    with open_source(archive(tmp_path, PACKINGS[packing](files))) as source, ThreadPoolExecutor(16) as threads:
        names = list(files) * 20
        assert list(threads.map(source.read, names)) == [files[name] for name in names]


def test_stored_files_and_a_zip_after_other_bytes_are_read(tmp_path: Path) -> None:
    """Else plain zips of photos, which do not shrink, or ones that unpack themselves could not be read."""

    def store(info: zipfile.ZipInfo) -> None:
        info.compress_type = zipfile.ZIP_STORED

    files = {"cat/a.jpg": b"cat", "dog/a.jpg": b""}
    assert contents(archive(tmp_path, b"#!/bin/unpack\n" + zipped(files, store))) == files


DIRECTORY["header"] = (42, "<I")


def test_quarantine_tells_what_an_archive_holds_that_is_no_photo(tmp_path: Path) -> None:
    """Else a file of an archive would be lost without a word."""
    files = {f"set/{label}/{number}.png": png(label, number) for label in ("bars", "dots") for number in range(4)}
    content = zipped(files | {"set/bars/9.png": png("bars", 9), "../evil.png": png("bars", 8), "set/notes.txt": b"x"})
    path = archive(tmp_path, forged(content, "set/bars/9.png", crc=1))
    inventory = take_inventory(path, ingest())
    assert inventory.quarantine[["path", "reason"]].values.tolist() == [
        ["../evil.png", "unsafe name"],
        ["bars/9.png", "unreadable"],
        ["notes.txt", "no class folder"],
    ]
    assert inventory.report()["found"] == 11
    assert inventory.photos["id"].tolist() == sorted(name.removeprefix("set/") for name in files)


def test_a_photo_of_another_archive_is_named(tmp_path: Path) -> None:
    """Else an archive that was exchanged since ingest would be resized under the labels of the old one."""
    files = {f"{label}/{number}.png": png(label, number) for label in ("bars", "dots") for number in range(4)}
    inventory = take_inventory(archive(tmp_path, zipped(files)), ingest())
    path = archive(tmp_path, zipped(files | {"dots/2.png": png("dots", 77)}))
    with open_source(path) as source, pytest.raises(UserError) as refused:
        resize_photos(
            source,
            inventory.photos,
            inventory.classes,
            Resize(height_px=8, width_px=8, colour="rgb", fit="pad"),
            tmp_path / "store",
            Journal(),
        )
    assert f"{path / 'dots/2.png'}: no longer the photo that ingest has seen" in str(refused.value)
