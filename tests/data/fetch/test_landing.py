"""How a downloaded archive lands as class folders: nothing of the user's is lost."""

import json
from pathlib import Path

import pytest

from pixelproof.data.fetch.datasets import write_dataset
from pixelproof.data.fetch.downloads import Download
from pixelproof.data.fetch.landing import MARKER
from pixelproof.data.sources.folders import FolderSource
from pixelproof.data.sources.source import scan
from pixelproof.errors import UserError
from pixelproof.params.fetch import Fetch
from tests.support.archives import tarred, zipped
from tests.support.servers.web import PHOTOS, Server, content, written


def get(source: Download, folder: Path) -> Path:
    """Fetch an archive by its address into `folder`/raw/url."""
    params = Fetch(dataset="url", url=source.url, sha256=source.digest)
    write_dataset(params, folder / "raw" / "url", folder / "work")
    return folder / "raw" / "url"


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
    with pytest.raises(UserError, match=f"{path}: this file was not fetched") as refused:
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
