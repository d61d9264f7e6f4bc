"""Archives that are damaged, or made to do damage."""

import os
import random
import stat
import tarfile
import tracemalloc
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path

import pytest

from pixelproof.data.sources import archives, packed
from pixelproof.data.sources.source import open_source
from pixelproof.errors import UserError
from tests.support.archives import EACH_PACKING, PACKINGS, archive, forged, tarred, zipped
from tests.support.sources import scan


def reasons(path: Path) -> dict[str, str]:
    return {found.path: found.refused[0] for found in scan(path) if found.refused}


def complaint(path: Path) -> str:
    with pytest.raises(UserError) as refused:
        scan(path)
    assert str(path) in str(refused.value)
    return str(refused.value)


UNSAFE = ["../evil", "a/../../evil", "/tmp/evil", "..\\evil", "C:\\evil", "C:evil", "."]


@pytest.mark.parametrize("name", UNSAFE)
@pytest.mark.parametrize("packing", ["zip", "tar"])
def test_a_name_that_leads_out_is_refused_and_says_nothing(tmp_path: Path, name: str, packing: str) -> None:
    """Else a file outside would be read in its place, or its name would be taken for a class or a part."""
    files = {"set/train/cat/a.jpg": b"a", "set/test/cat/b.jpg": b"b", name: b"evil"}
    path = archive(tmp_path, PACKINGS[packing](files))
    found = {file.path: file for file in scan(path)}
    assert sorted((file.label, file.part) for file in found.values() if not file.refused) == [
        ("cat", "test"),
        ("cat", "train"),
    ]
    (refused,) = (file for file in found.values() if file.refused)
    assert (refused.label, refused.ignored, refused.refused[0]) == (None, False, "unsafe name")
    with open_source(path) as source, pytest.raises(OSError, match="does not hold it"):
        source.read(refused.path)


def test_nothing_outside_an_archive_is_read(tmp_path: Path) -> None:
    """Else an id could lead to any file of the machine."""
    (tmp_path / "secret").write_text("secret")
    with open_source(archive(tmp_path, zipped({"cat/a.jpg": b"a"}))) as source:
        for name in ("../secret", str(tmp_path / "secret"), "cat/../../secret"):
            with pytest.raises(OSError, match="does not hold it"):
                source.read(name)


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_a_tar_are_refused(tmp_path: Path, kind: bytes) -> None:
    """Else a link would bring in a file of the machine, or a pipe would be waited for."""

    def alter(info: tarfile.TarInfo) -> None:
        if info.name == "cat/x.jpg":
            info.type, info.linkname, info.size = kind, "/etc/hostname", 0

    path = archive(tmp_path, tarred({"cat/a.jpg": b"a", "cat/x.jpg": b"", "dog/a.jpg": b"b"}, "w", alter))
    assert reasons(path) == {"cat/x.jpg": "link or device in an archive"}


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    """Else what tar refuses would come through zip."""

    def alter(info: zipfile.ZipInfo) -> None:
        info.external_attr = (stat.S_IFLNK | 0o777) << 16 if info.filename == "cat/x.jpg" else 0

    path = archive(tmp_path, zipped({"cat/x.jpg": b"/etc/hostname", "dog/a.jpg": b"a"}, alter))
    assert reasons(path) == {"cat/x.jpg": "link or device in an archive"}


def test_a_sparse_file_is_refused(tmp_path: Path) -> None:
    """Else its bytes would be read without the holes between them."""

    def alter(info: tarfile.TarInfo) -> None:
        info.type = tarfile.GNUTYPE_SPARSE

    assert reasons(archive(tmp_path, tarred({"cat.0.jpg": bytes(600)}, "w", alter))) == {"cat.0.jpg": "unreadable"}


@pytest.mark.parametrize("packing", ["zip", "tar"])
@pytest.mark.parametrize("second", ["cat\\a.jpg", "./cat/a.jpg", "cat//a.jpg"])
def test_files_of_one_name_are_refused_both(tmp_path: Path, packing: str, second: str) -> None:
    """Else one of them would win by chance, under an id that both have."""
    path = archive(tmp_path, PACKINGS[packing]({"cat/a.jpg": b"1", second: b"2", "dog/a.jpg": b"3"}))
    assert [(file.path, file.refused and file.refused[0]) for file in scan(path)] == [
        ("cat/a.jpg", "duplicate name"),
        ("cat/a.jpg", "duplicate name"),
        ("dog/a.jpg", None),
    ]


PLAIN = {"cat/a.jpg": bytes(range(256)) * 8, "dog/a.jpg": b"dog"}


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"flags": 1}, "encrypted"),
        ({"method": 9}, "unreadable"),
        ({"method": 14}, "unreadable"),
        ({"size": 10**8}, "decompression bomb"),
    ],
)
def test_what_cannot_be_unpacked_is_refused_by_name(tmp_path: Path, values: dict[str, int], reason: str) -> None:
    """Else one such file would stop the run, or fill the memory."""
    path = archive(tmp_path, forged(zipped(PLAIN | {"dog/b.jpg": os.urandom(2**20)}), "cat/a.jpg", **values))
    assert reasons(path) == {"cat/a.jpg": reason}
    assert scan(path)[0].label == "cat"


@pytest.mark.parametrize("values", [{"crc": 1}, {"size": 2047}, {"size": 2049}, {"packed": 5}])
def test_a_file_that_is_not_as_declared_is_unreadable(tmp_path: Path, values: dict[str, int]) -> None:
    """Else a photo with wrong bytes would be trained on."""
    path = archive(tmp_path, forged(zipped(PLAIN), "cat/a.jpg", **values))
    with open_source(path) as source:
        assert source.read("dog/a.jpg") == b"dog"
        with pytest.raises(OSError, match="damaged"):
            source.read("cat/a.jpg")


def test_damaged_bytes_are_unreadable(tmp_path: Path) -> None:
    """Else a broken copy of an archive would pass for a whole one."""
    content = bytearray(zipped(PLAIN))
    content[50] ^= 0xFF
    with open_source(archive(tmp_path, bytes(content))) as source, pytest.raises(OSError, match="damaged"):
        source.read("cat/a.jpg")


def test_no_more_is_unpacked_than_declared(tmp_path: Path) -> None:
    """Else a file that says 1,000 bytes and holds a gigabyte would fill the memory."""
    content = forged(zipped({"cat/a.jpg": bytes(2**26), "dog/a.jpg": b""}), "cat/a.jpg", size=1000)
    with open_source(archive(tmp_path, content)) as source:
        tracemalloc.start()
        with pytest.raises(OSError, match="damaged"):
            source.read("cat/a.jpg")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    assert peak < 2**20


@pytest.mark.parametrize("packing", ["zip", "tar.gz"])
def test_a_bomb_is_one_message(tmp_path: Path, packing: str) -> None:
    """Else a small archive could fill the disk or the memory."""
    path = archive(tmp_path, PACKINGS[packing]({"cat/1.jpg": b"cat", "cat/2.bmp": bytes(archives.HARMLESS_BYTES)}))
    assert "the limit is 100 times the archive's size" in complaint(path)


def test_files_that_share_bytes_are_one_message(tmp_path: Path) -> None:
    """Else a zip of kilobytes could keep every core busy for years, each file being within its limits."""
    message = complaint(archive(tmp_path, forged(zipped(PLAIN), "dog/a.jpg", header=0)))
    assert "share bytes" in message
    assert "share bytes" in complaint(archive(tmp_path, forged(zipped(PLAIN), "cat/a.jpg", packed=10**6)))


def test_a_header_made_to_fill_the_memory_is_one_message(tmp_path: Path) -> None:
    """Else a tar whose first name is gigabytes long would be read into memory as a name."""
    name = tarfile.TarInfo("././@LongLink")
    name.type, name.size = tarfile.GNUTYPE_LONGNAME, 2**40
    path = archive(tmp_path, tarred({"cat/a.jpg": b"a"}, "w")[:1024] + name.tobuf(tarfile.GNU_FORMAT) + bytes(10**6))
    assert "a header of" in complaint(path)


@pytest.mark.parametrize(
    "content",
    [
        tarred(PLAIN)[:-30],
        tarred({"cat/a.jpg": random.Random(3).randbytes(10**6)}, "w:bz2")[:-30],
        tarred(PLAIN, "w:xz")[:-30],
        tarred(PLAIN, "w")[:1000],
        tarred(PLAIN, "w")[:2560],
        tarred(PLAIN, "w")[:2700],
        tarred(PLAIN, "w")[:2560] + b"x" * 1024 + bytes(1024),
        zipped(PLAIN)[:-90] + zipped(PLAIN)[-22:],
    ],
    ids=["gz", "bz2", "xz", "in a file", "between two files", "in a header", "a wrong header", "zip"],
)
def test_a_damaged_archive_is_one_message(tmp_path: Path, content: bytes) -> None:
    """Else half of the photos would pass for all of them, or the user would see a traceback."""
    message = complaint(archive(tmp_path, content))
    assert "cannot be read to its end" in message
    assert message.endswith("Have it packed again.")


@pytest.mark.parametrize("content", [b"", b"GIF89a", bytes(20_000), zlib.compress(b"photo"), zipped(PLAIN)[:-50]])
def test_a_file_that_is_no_archive_is_told_what_is_accepted(tmp_path: Path, content: bytes) -> None:
    """Else a photo given as the source would end in a traceback."""
    message = complaint(archive(tmp_path, content))
    assert "is a file, but not an archive that can be read" in message
    assert "zip, tar, or tar compressed by gzip, bzip2 or xz" in message


def test_a_pipe_as_source_is_not_waited_for(tmp_path: Path) -> None:
    """Else the stage would hang for ever."""
    os.mkfifo(tmp_path / "pipe")
    assert "is a file, but not an archive" in complaint(tmp_path / "pipe")


def test_a_disk_that_is_full_is_not_called_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else someone would pack a good archive again and again."""

    def fail(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(packed.tempfile, "TemporaryFile", fail)
    message = complaint(archive(tmp_path, tarred(PLAIN)))
    assert "No space left on device" in message
    assert "has room" in message


@EACH_PACKING
def test_damage_anywhere_is_a_message_or_an_unreadable_file(tmp_path: Path, packing: str) -> None:
    """Else some broken byte would end in a traceback, or change a photo of a zip without a word."""
    files = {**PLAIN, f"cat/{'é' * 60}.jpg": b"long"}
    content = PACKINGS[packing](files)
    rng = random.Random(11)
    whole = 0
    for _ in range(150):
        damaged = bytearray(content)
        for _ in range(rng.randrange(1, 4)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        read = readable(archive(tmp_path, bytes(damaged)))
        whole += set(read) == set(files.values())
        assert packing != "zip" or set(read) <= set(files.values())
    assert whole < 150


def readable(path: Path) -> list[bytes]:
    """Read what can be read of an archive that may be damaged; any other error than the two expected is raised."""
    read: list[bytes] = []
    with suppress(UserError), open_source(path) as source:
        for entry in source.entries():
            if entry.refused is None:
                with suppress(OSError):
                    read.append(source.read(str(entry.path)))
    return read
