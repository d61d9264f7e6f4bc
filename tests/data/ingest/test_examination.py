import json
from contextlib import suppress
from pathlib import Path

import pytest

from pixelproof.data.ingest import examination
from pixelproof.data.ingest.examination import examine_all
from pixelproof.data.sources.folders import FolderSource
from pixelproof.files.journal import Journal
from tests.support.photos import CLASSES
from tests.support.sources import scan
from tests.support.stops import count_calls, stop_after


def test_an_examination_that_was_stopped_goes_on(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a run that was killed at 90 % would decode all files anew, or answer otherwise than the first time."""
    monkeypatch.setattr(examination, "FILES_PER_TASK", 2)
    (source / CLASSES[0] / "a.jpg").write_bytes(b"no photo")
    (source / CLASSES[0] / "b.jpg").write_bytes(b"")
    files = scan(source)
    whole = list(examine_all(FolderSource(source), files, 1, Journal()))
    with Journal(tmp_path / "journal") as journal, suppress(KeyboardInterrupt):
        stop_after(monkeypatch, journal, lines=22)
        list(examine_all(FolderSource(source), files, 1, journal))
    with Journal(tmp_path / "journal") as journal:
        added: list[str] = []  # not calls of the decoder: threads of the stopped run may still end theirs
        monkeypatch.setattr(journal, "add", added.append)
        assert list(examine_all(FolderSource(source), files, 1, journal)) == whole
    assert sum(len(json.loads(line)) for line in added) == len(files) - 44


def test_a_file_that_changed_since_the_stop_is_decoded(source: Path, tmp_path: Path) -> None:
    """Else the manifest would tell of a photo that is no longer there."""
    files = scan(source)
    with Journal(tmp_path / "journal") as journal:
        list(examine_all(FolderSource(source), files, 1, journal))
    (source / files[3].path).write_bytes(b"no photo")
    with Journal(tmp_path / "journal") as journal:
        rows = list(examine_all(FolderSource(source), files, 1, journal))
    assert [row.get("reason") for row in rows][:5] == [None, None, None, "not an image", None]


def test_the_same_content_is_decoded_once(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a set with many copies of a photo would take as long as one without."""
    first = next((source / CLASSES[0]).iterdir()).read_bytes()
    for number in range(60):
        (source / CLASSES[1] / f"copy{number:02d}.jpg").write_bytes(first)
    monkeypatch.setattr(examination, "FILES_PER_TASK", 200)  # one thread: two that meet the same content both decode it
    decoded = count_calls(monkeypatch, examination, "examine")
    files = scan(source)
    rows = list(examine_all(FolderSource(source), files, 1, Journal()))
    assert len(rows) == 48 + 60
    assert len(decoded) == 48
