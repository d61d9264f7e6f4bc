"""Names as people's computers write them: the right value for each input of the faults 08 to 13."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest

from pixelproof.data.ingest.manifest import Inventory
from pixelproof.data.sources.class_names import visible
from pixelproof.errors import UserError
from pixelproof.params.fetch import Fetch
from pixelproof.params.ingest import Ingest
from stages.fetch import fetch
from tests.support.photos import write_photos
from tests.support.project import Project
from tests.support.sources import take_inventory

Fault = Callable[[str], Path]


def ingested(source: Path) -> Inventory:
    params = {"source": str(source), "min_images_per_class": 1, "min_side_px": 8, "max_quarantined_share": 0.0}
    return take_inventory(source, Ingest.model_validate(params))


def classes(source: Path) -> dict[str, int]:
    """Return the number of photos of each class; every file has to be accepted."""
    return dict(Counter(ingested(source).photos["label"]))


@pytest.mark.parametrize("archive", ["utf8_noflag_nfc.zip", "mac_utf8_noflag.zip"])
def test_zips_in_unmarked_utf8(fault: Fault, archive: str) -> None:
    """Else Café and Käse, packed on a Mac, would be classes of signs and boxes (08)."""
    assert classes(fault("08") / archive) == {"Caf\u00e9": 2, "K\u00e4se": 2}


def test_a_zip_with_backslashes_and_folders_that_end_in_one(fault: Fault) -> None:
    """Else .NET's and PowerShell's zips would have three files that cannot be used (09)."""
    found = ingested(fault("09") / "dotnet.zip")
    assert found.photos["id"].tolist() == ["cats/1.png", "cats/2.png", "dogs/1.png", "dogs/2.png"]
    assert found.photos["label"].tolist() == ["cats", "cats", "dogs", "dogs"]
    assert found.report()["found"] == 4


def test_a_table_with_backslashes(fault: Fault) -> None:
    """Else a labels.csv made on Windows would name no file that is there (10)."""
    found = ingested(fault("10") / "t_backslash")
    assert dict(zip(found.photos["id"], found.photos["label"], strict=True)) == {
        "img/1.png": "cat",
        "img/2.png": "cat",
        "img/3.png": "dog",
        "img/4.png": "dog",
    }


def test_a_table_in_another_unicode_form_than_the_files(fault: Fault) -> None:
    """Else files from a Mac would not be those that a spreadsheet lists, under names that look the same (11)."""
    assert classes(fault("11") / "t_nfd") == {"Katzen": 2, "Hunde": 2}


def test_class_folders_in_two_unicode_forms(fault: Fault, caplog: pytest.LogCaptureFixture) -> None:
    """Else a network would be asked to tell Bär from Bär (12)."""
    assert classes(fault("12") / "c_nfcnfd") == {"B\u00e4r": 4, "Wolf": 2}
    (message,) = (record.getMessage() for record in caplog.records)
    assert "B\\xe4r" in message
    assert "Ba\\u0308r" in message


def test_class_folders_that_differ_by_case_and_space(fault: Fault, caplog: pytest.LogCaptureFixture) -> None:
    """Else a slip would make four classes of two without a word (12)."""
    assert classes(fault("12") / "c_case") == {"Cat": 1, "Dog": 1, "cat": 1, "cat ": 1}
    (message,) = (record.getMessage() for record in caplog.records)
    assert all(visible(name) in message for name in ("Cat", "cat", "cat "))


def with_latin1_name(fault: Fault, photos: Path, made: Path) -> bytes:
    """Copy `photos` to `made` and add a file with a Latin-1 name; return that name."""
    subprocess.run([sys.executable, fault("13") / "make.py", photos, made], check=True)
    return b"bars/caf\xe9.png"


@pytest.mark.slow
def test_a_name_that_is_not_utf8_in_a_pipeline(fault: Fault, tmp_path: Path) -> None:
    """Else `dvc repro` would stop at a character in position 33, of which nobody can tell where it is (13)."""
    project = Project.tiny(tmp_path / "project", "made")
    with_latin1_name(fault, project.root / "photos", project.root / "made")
    assert project.repro("ingest") == ["ingest"]
    quarantine = (project.root / "reports/quarantine.csv").read_text("utf-8")
    assert "bars/caf\\udce9.png,name not readable" in quarantine
    assert project.repro("ingest") == []


@pytest.mark.slow
def test_a_name_that_is_not_utf8_outside_of_the_project(fault: Fault, tmp_path: Path) -> None:
    """DVC cannot be kept from it there: the stage before says which file it is, and what to do (13)."""
    source = tmp_path / "elsewhere"
    project = Project.tiny(tmp_path / "project", str(source))
    name = with_latin1_name(fault, project.root / "photos", source)
    done = project.run("dvc", "repro")
    assert done.returncode != 0
    message = next(line for line in done.stderr.splitlines() if line.startswith("error: "))
    assert str(name)[1:] in message
    assert "Rename it, perhaps to 'bars/café.png'" in message
    assert "Traceback" not in done.stderr


def test_names_outside_of_the_project_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a person would rename one file at a time; inside of the project DVC does not see them."""
    source = write_photos(tmp_path / "photos", 2)
    for name in (b"bars/\xe4.jpg", b"dots/\xf6.jpg"):
        (source / os.fsdecode(name)).touch()
    project = tmp_path / "project"
    project.mkdir()
    monkeypatch.chdir(project)
    params = Fetch(dataset="none")
    with pytest.raises(UserError, match=r"bars/\\xe4.* nor those of 1 more.*'bars/ä\.jpg'"):
        fetch(params, source, tmp_path / "raw", tmp_path / "downloads")
    monkeypatch.chdir(tmp_path)
    fetch(params, source, tmp_path / "raw", tmp_path / "downloads")
