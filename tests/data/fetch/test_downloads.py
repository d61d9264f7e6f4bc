"""Downloads from a server on this machine that misbehaves in every way that servers do."""

import random
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from pixelproof.data.fetch import downloads
from pixelproof.data.fetch.downloads import Download, download
from pixelproof.errors import UserError
from tests.support.servers.web import Server, serving

CONTENT = random.Random(0).randbytes(300_000)
HALF = 150_000


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(downloads, "WAITS_S", (0.0, 0.0))
    with serving() as running:
        yield running


def left_over(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file()]


def test_a_file_arrives_whole_and_alone(server: Server, tmp_path: Path) -> None:
    """Else nothing could be fetched, or partial files would pile up."""
    path = download(server.offer("photos.zip", CONTENT), tmp_path)
    assert path.read_bytes() == CONTENT
    assert left_over(tmp_path) == ["photos.zip"]


def test_a_second_call_downloads_nothing(server: Server, tmp_path: Path) -> None:
    """Else every run would cost the whole transfer."""
    source = server.offer("photos.zip", CONTENT)
    assert download(source, tmp_path) == download(source, tmp_path)
    assert len(server.requests) == 1


def test_a_connection_that_breaks_is_taken_up_where_it_broke(server: Server, tmp_path: Path) -> None:
    """Else a large archive would never arrive over a bad line."""
    source = server.offer("photos.zip", CONTENT)
    server.plan = [("hang up after", HALF)]
    assert download(source, tmp_path).read_bytes() == CONTENT
    assert server.requests == [None, f"bytes={HALF}-"]
    assert server.sent == len(CONTENT)  # no byte twice


def test_a_line_that_breaks_often_but_moves_on_is_not_given_up(server: Server, tmp_path: Path) -> None:
    """Else the number of attempts would limit the size of a file."""
    source = server.offer("photos.zip", CONTENT)
    server.plan = [("hang up after", 40_000)] * 6
    assert download(source, tmp_path).read_bytes() == CONTENT
    assert server.sent == len(CONTENT)


def test_a_later_run_goes_on_from_what_an_earlier_one_got(server: Server, tmp_path: Path) -> None:
    """Else giving up would lose all that had arrived."""
    source = server.offer("photos.zip", CONTENT)
    server.plan = [("hang up after", HALF), *[("answer", 503)] * 3]
    with pytest.raises(UserError, match="503 Service Unavailable, also after 2 retries"):
        download(source, tmp_path)
    assert left_over(tmp_path) == ["photos.zip.part"]
    assert download(source, tmp_path).read_bytes() == CONTENT
    assert server.requests[-1] == f"bytes={HALF}-"
    assert server.sent == len(CONTENT)


def test_ctrl_c_leaves_what_has_arrived(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Else stopping would throw away a transfer of an hour."""
    source = server.offer("photos.zip", CONTENT)
    server.plan = [("hang up after", HALF)]

    def ctrl_c(_seconds: float) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, caplog.at_level("INFO"):
        patch.setattr("time.sleep", ctrl_c)
        with pytest.raises(KeyboardInterrupt):
            download(source, tmp_path)
    assert "the next run continues from there" in caplog.text
    assert left_over(tmp_path) == ["photos.zip.part"]
    assert download(source, tmp_path).read_bytes() == CONTENT
    assert server.sent == len(CONTENT)


def test_a_file_that_had_arrived_whole_before_a_kill_is_taken(server: Server, tmp_path: Path) -> None:
    """Else the server's answer 416 would end every later run."""
    source = server.offer("photos.zip", CONTENT)
    (tmp_path / source.digest).mkdir()
    (tmp_path / source.digest / "photos.zip.part").write_bytes(CONTENT)
    assert download(source, tmp_path).read_bytes() == CONTENT
    assert server.sent == 0


def test_a_partial_file_longer_than_the_file_is_thrown_away(server: Server, tmp_path: Path) -> None:
    """Else a file that became shorter on the server could never be fetched."""
    source = server.offer("photos.zip", CONTENT)
    (tmp_path / source.digest).mkdir()
    (tmp_path / source.digest / "photos.zip.part").write_bytes(CONTENT + b"more")
    assert download(source, tmp_path).read_bytes() == CONTENT


def test_a_server_that_ignores_ranges_sends_it_all_again(server: Server, tmp_path: Path) -> None:
    """Else the second half would be the whole file, appended."""
    source = server.offer("photos.zip", CONTENT)
    server.knows_ranges = False
    server.plan = [("hang up after", HALF)]
    assert download(source, tmp_path).read_bytes() == CONTENT
    assert server.requests == [None, f"bytes={HALF}-"]
    assert server.sent == HALF + len(CONTENT)


def test_a_server_that_ignores_ranges_and_always_breaks_off_is_given_up(server: Server, tmp_path: Path) -> None:
    """Else the same bytes would be fetched for ever."""
    source = server.offer("photos.zip", CONTENT)
    server.knows_ranges = False
    server.plan = [("hang up after", HALF)] * 50
    with pytest.raises(UserError, match="the transfer was interrupted, also after 2 retries"):
        download(source, tmp_path)
    assert len(server.requests) == 3


@pytest.mark.parametrize("status", [500, 503, 429])
def test_a_server_that_fails_twice_is_asked_a_third_time(server: Server, tmp_path: Path, status: int) -> None:
    """Else a busy server would end the run."""
    source = server.offer("photos.zip", CONTENT)
    server.plan = [("answer", status)] * 2
    assert download(source, tmp_path).read_bytes() == CONTENT
    assert len(server.requests) == 3


def test_the_waits_grow(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a busy server would be asked in a tight loop."""
    waits: list[float] = []
    monkeypatch.setattr(downloads, "WAITS_S", (1.0, 2.0, 4.0))
    monkeypatch.setattr("time.sleep", waits.append)
    server.plan = [("answer", 500)] * 3
    download(server.offer("photos.zip", CONTENT), tmp_path)
    assert waits == [1.0, 2.0, 4.0]


def test_wrong_bytes_are_removed_and_both_hashes_named(server: Server, tmp_path: Path) -> None:
    """Else another file than the named one would be trained on, or would stay for the next run."""
    source = server.offer("photos.zip", CONTENT)
    wrong = server.offer("photos.zip", b"<html>Please log in</html>")
    with pytest.raises(UserError) as refused:
        download(source, tmp_path)
    assert source.url in str(refused.value)
    assert source.digest in str(refused.value)
    assert wrong.digest in str(refused.value)
    assert left_over(tmp_path) == []


@pytest.mark.parametrize("status", [404, 403, 410])
def test_a_refusal_is_one_message_at_once(server: Server, tmp_path: Path, status: int) -> None:
    """Else a wrong address would be asked for again and again."""
    source = server.offer("photos.zip", CONTENT)
    server.plan = [("answer", status)]
    with pytest.raises(UserError, match=rf"photos.zip: the server answers {status} .*Check the URL"):
        download(source, tmp_path)
    assert len(server.requests) == 1
    assert left_over(tmp_path) == []


def test_no_connection_is_one_message(server: Server, tmp_path: Path) -> None:
    """Else a laptop without network would see a traceback of three libraries."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound and not listening: connections are refused
        source = Download(f"http://127.0.0.1:{unused.getsockname()[1]}/photos.zip", "sha256:" + "0" * 64)
        with pytest.raises(UserError, match=r"no connection to the server.*Check the connection") as refused:
            download(source, tmp_path)
    assert "\n" not in str(refused.value)


def test_an_address_that_requests_cannot_use_is_one_message(tmp_path: Path) -> None:
    """Else a typing error would look like a bug."""
    with pytest.raises(UserError, match="Check the URL"):
        download(Download("http://[1/x.zip", "sha256:" + "0" * 64), tmp_path)


def test_a_place_that_cannot_be_written_is_one_message(server: Server, tmp_path: Path) -> None:
    """Else a full or locked disk would look like a bug."""
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(UserError, match="cannot be written"):
        download(server.offer("photos.zip", CONTENT), tmp_path / "file")


@pytest.mark.parametrize("name", ["", "..", "a%2F..%2Fb", ".hidden", "x" * 300, "päin.zip?key=1"])
def test_no_address_leads_out_of_the_work_folder(server: Server, tmp_path: Path, name: str) -> None:
    """Else a server's file name could overwrite a file of the user's."""
    source = server.offer("served", CONTENT)
    server.files = dict.fromkeys(["/", f"/{name}", f"/{quote(name, safe='%?=.')}"], CONTENT)
    path = download(Download(f"{server.address}/{name}", source.checksum), tmp_path)
    assert path.resolve().parent == tmp_path / source.digest
    assert left_over(tmp_path) == [path.name]


def test_md5_works_for_those_who_publish_only_that(server: Server, tmp_path: Path) -> None:
    """Else Fashion-MNIST's own checksums could not be used."""
    source = server.offer("photos.zip", b"12")
    md5 = Download(source.url, "md5:c20ad4d76fe97759aa27a0c99bff6710")
    assert download(md5, tmp_path).read_bytes() == b"12"
    with pytest.raises(UserError, match="MD5"):
        download(Download(source.url, "md5:" + "0" * 32), tmp_path)
