"""Names that look the same to a person."""

import os
from pathlib import Path

import pytest
from PIL import Image

from pixelproof.data.sources.class_names import look_alikes, visible
from pixelproof.params.ingest import Ingest
from tests.support.sources import scan, take_inventory

COMPOSED, APART = "B\u00e4r", "Ba\u0308r"


def source(folder: Path, *names: str) -> Path:
    for number, name in enumerate(names):
        (folder / name).mkdir()
        (folder / name / f"{number}.png").touch()
    return folder


def test_one_name_in_two_unicode_forms_is_one_class(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Else a network would learn to tell Bär from Bär; one line shows that there were two folders."""
    assert {file.label for file in scan(source(tmp_path, COMPOSED, APART, "Wolf"))} == {COMPOSED, "Wolf"}
    (message,) = (record.getMessage() for record in caplog.records)
    assert "one class" in message
    assert "'B\\xe4r'" in message
    assert "'Ba\\u0308r'" in message


def test_the_photos_keep_their_own_paths(tmp_path: Path) -> None:
    """Else they could not be read: on the disk the two folders are two."""
    found = scan(source(tmp_path, COMPOSED, APART))
    assert [file.path for file in found] == [f"{APART}/1.png", f"{COMPOSED}/0.png"]


@pytest.mark.parametrize("other", ["cat", "Cat ", "CAT", "\uff23at", "Cat\u200b", " Cat"])
def test_names_that_are_nearly_the_same_stay_apart_with_a_warning(
    tmp_path: Path, other: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Else a slip would make a third class, and nobody would see it."""
    assert {file.label for file in scan(source(tmp_path, "Cat", other, "Dog"))} == {"Cat", other, "Dog"}
    (message,) = (record.getMessage() for record in caplog.records)
    assert visible("Cat") in message
    assert visible(other) in message
    assert "Dog" not in message


def test_names_that_differ_raise_no_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Else nobody would read the warnings."""
    scan(source(tmp_path, "cat", "cats", "cat 2", "dog", "Bär", "Bar"))
    assert caplog.text == ""


def test_a_thousand_look_alikes_are_one_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Else one slip in a script would fill the terminal."""
    scan(source(tmp_path, *(f"{name}{number}" for number in range(300) for name in ("a", "A"))))
    (message,) = (record.getMessage() for record in caplog.records)
    assert message.count("'A") == 5
    assert "and 295 more" in message


def test_capitals_across_parts_are_seen(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Else Cat would be trained on and cat tested."""
    for name in ("train/Cat", "test/cat"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "1.png").touch()
    scan(tmp_path)
    assert "'Cat' and 'cat'" in caplog.text


def test_a_class_whose_name_is_not_text_is_no_error(tmp_path: Path) -> None:
    """Else looking for look-alikes would end the run."""
    assert scan(source(tmp_path, os.fsdecode(b"caf\xe9"), "cafe"))


def test_sets_come_in_order() -> None:
    """Else the line would change from run to run."""
    assert look_alikes(["b", "B", "a", "A", "c"]) == [["A", "a"], ["B", "b"]]


def test_the_report_keeps_them_and_params_may_name_either_form(tmp_path: Path) -> None:
    """Else the warning would be gone with the terminal, and a class copied from a Mac's Finder would have no photos."""
    for number, name in enumerate(["Cat", "cat", APART]):
        Image.new("L", (9, 9), number).save(source_of(tmp_path, name) / "1.png")
    params = {"source": str(tmp_path), "min_images_per_class": 1, "min_side_px": 8, "max_quarantined_share": 0.0}
    found = take_inventory(tmp_path, Ingest.model_validate(params | {"classes": [APART, "Cat", "cat"]}))
    assert found.classes == [COMPOSED, "Cat", "cat"]
    assert found.report()["classes_that_look_alike"] == [["Cat", "cat"]]
    assert len(found.photos) == 3


def source_of(folder: Path, name: str) -> Path:
    (folder / name).mkdir()
    return folder / name
