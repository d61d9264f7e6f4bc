"""Archives: what unpacks, and what is refused before it can do harm."""

import stat
import tarfile
import zipfile
from pathlib import Path

import pytest

from pixelproof.data.sources import archives
from pixelproof.data.sources.archives import class_folders, unpack
from pixelproof.errors import UserError
from tests.support.archives import tarred, zipped

PHOTOS = {"cats/1.jpg": b"cat", "dogs/1.jpg": b"dog", "dogs/deep/2.jpg": b"dogs"}


def unpacked(content: bytes, folder: Path) -> dict[str, bytes]:
    """Unpack in a folder of its own; return what lies there."""
    (folder / "archive").write_bytes(content)
    (folder / "out").mkdir()
    unpack(folder / "archive", folder / "out")
    return {path.relative_to(folder / "out").as_posix(): path.read_bytes() for path in files_in(folder / "out")}


def files_in(folder: Path) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() or path.is_symlink()]


def refusal(content: bytes, folder: Path) -> str:
    with pytest.raises(UserError) as refused:
        unpacked(content, folder)
    assert str(refused.value).startswith(f"{folder / 'archive'}: ")
    return str(refused.value)


@pytest.mark.parametrize("mode", ["zip", "w", "w:gz", "w:bz2", "w:xz"])
def test_every_file_comes_out_as_it_went_in(tmp_path: Path, mode: str) -> None:
    """Else photos would be lost or changed."""
    assert unpacked(zipped(PHOTOS) if mode == "zip" else tarred(PHOTOS, mode), tmp_path) == PHOTOS


def test_a_tar_that_ends_in_a_zip_is_a_tar(tmp_path: Path) -> None:
    """Else its last file would be unpacked in its place: a zip is recognised by its end."""
    files = {"a/1.jpg": b"1", "z.zip": zipped(PHOTOS)}
    assert unpacked(tarred(files, "w"), tmp_path) == files


def test_windows_separators_are_folders(tmp_path: Path) -> None:
    """Else an archive made on Windows would have no class folders."""
    assert unpacked(zipped({"cats\\1.jpg": b"cat"}), tmp_path) == {"cats/1.jpg": b"cat"}


@pytest.mark.parametrize("name", ["../evil", "a/../../evil", "/tmp/evil", "..\\evil", "C:\\evil", "C:evil"])
@pytest.mark.parametrize("pack", [zipped, tarred])
def test_a_path_that_leads_out_is_refused(tmp_path: Path, name: str, pack: object) -> None:
    """Else an archive could overwrite any file of the user's."""
    message = refusal(pack({"cats/1.jpg": b"", name: b"evil"}), tmp_path)
    assert "leads out of the folder" in message
    assert [path for path in files_in(tmp_path) if "evil" in path.name] == []


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE])
def test_a_link_in_a_tar_is_refused(tmp_path: Path, kind: bytes) -> None:
    """Else a link and then a file through it would lead anywhere."""

    def link(info: tarfile.TarInfo) -> None:
        info.type, info.linkname, info.size = kind, "/etc", 0

    assert "'cats' is a link" in refusal(tarred({"cats": b""}, change=link), tmp_path)
    assert files_in(tmp_path / "out") == []


@pytest.mark.parametrize("kind", [tarfile.CHRTYPE, tarfile.BLKTYPE, tarfile.FIFOTYPE])
def test_a_device_in_a_tar_is_refused(tmp_path: Path, kind: bytes) -> None:
    """Else reading a photo could block, or read a disk."""

    def device(info: tarfile.TarInfo) -> None:
        info.type = kind

    assert "is a device or a pipe" in refusal(tarred({"cats": b""}, change=device), tmp_path)


@pytest.mark.parametrize(("kind", "what"), [(stat.S_IFLNK, "a link"), (stat.S_IFIFO, "a device or a pipe")])
def test_a_link_or_pipe_in_a_zip_is_refused(tmp_path: Path, kind: int, what: str) -> None:
    """Else what tar refuses would come through zip."""

    def alter(info: zipfile.ZipInfo) -> None:
        info.external_attr = (kind | 0o777) << 16

    assert f"'cats' is {what}" in refusal(zipped({"cats": b"/etc"}, change=alter), tmp_path)


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_a_bomb_is_refused_before_it_is_written(tmp_path: Path, pack: object) -> None:
    """Else a small download could fill the disk."""
    content = pack({"cats/1.jpg": b"cat", "cats/2.bmp": bytes(archives.HARMLESS_BYTES)})
    assert len(content) < archives.HARMLESS_BYTES / archives.LIMIT_RATIO
    assert "the limit is 100 times the archive's size" in refusal(content, tmp_path)
    assert [path.name for path in files_in(tmp_path / "out")] in ([], ["1.jpg"])


@pytest.mark.parametrize("pack", [zipped, tarred])
def test_more_than_the_limit_is_refused(tmp_path: Path, pack: object, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else an archive of honest ratio could fill the disk."""
    monkeypatch.setattr(archives, "LIMIT_BYTES", 9)
    assert "more than 9 bytes" in refusal(pack(PHOTOS), tmp_path)


def test_a_few_plain_pictures_are_no_bomb(tmp_path: Path) -> None:
    """Else a small set of drawings would be refused: white BMP files compress 500 times."""
    assert len(unpacked(zipped({"cats/1.bmp": bytes(10**6)}), tmp_path)) == 1


@pytest.mark.parametrize(
    "content",
    [b"", b"GIF89a", bytes(20_000), tarred({}), zipped({"cats/": b""})],
    ids=["nothing", "picture", "zeros", "empty tar", "zip of a folder"],
)
def test_what_is_no_archive_or_an_empty_one_is_an_error(tmp_path: Path, content: bytes) -> None:
    """Else a single photo, or a page that says 'log in', would be an empty data set."""
    assert "Name an archive" in refusal(content, tmp_path)


@pytest.mark.parametrize(
    "content",
    [
        tarred(PHOTOS)[:-30],
        tarred({"a/1": bytes(99_999)}, "w")[:50_000],
        tarred(PHOTOS, "w")[:1024],  # here and in the next, tarfile ends without a word
        tarred(PHOTOS, "w")[:2048] + b"x" * 4096,
        zipped({"cats/é.jpg": b"1"}).replace("é".encode(), b"\xc3\xc3"),
    ],
    ids=["gzip", "tar", "tar's first head", "tar's second head", "name"],
)
def test_a_damaged_archive_is_one_message(tmp_path: Path, content: bytes) -> None:
    """Else half of the photos would pass for all of them, or the user would see a traceback."""
    assert "cannot be unpacked" in refusal(content, tmp_path)


def test_a_zip_with_damaged_content_is_one_message(tmp_path: Path) -> None:
    """Else a photo with wrong bytes would come out."""
    content = bytearray(zipped({"cats/1.jpg": bytes(range(256)) * 20}))
    content[60] ^= 0xFF
    assert "cannot be unpacked" in refusal(bytes(content), tmp_path)


def test_an_encrypted_zip_is_one_message(tmp_path: Path) -> None:
    """Else zipfile's RuntimeError would look like a bug."""
    content = bytearray(zipped({"cats/1.jpg": b"cat"}))
    content[content.index(b"PK\x01\x02") + 8] |= 1
    assert "is encrypted" in refusal(bytes(content), tmp_path)


@pytest.mark.parametrize("second", ["cats\\1.jpg", "cats/1.jpg/2.jpg", "./cats/1.jpg"])
def test_two_files_of_one_name_are_refused(tmp_path: Path, second: str) -> None:
    """Else one of them would silently disappear."""
    assert "two entries have the name" in refusal(tarred({"cats/1.jpg": b"1", second: b"2"}), tmp_path)


def test_a_lone_outer_folder_is_left_out(tmp_path: Path) -> None:
    """Else `photos.zip` with `photos/cats/` and `photos/dogs/` would be one class, photos."""
    unpacked(zipped({f"photos/set/{name}": content for name, content in PHOTOS.items()}), tmp_path)
    assert class_folders(tmp_path / "out") == tmp_path / "out" / "photos" / "set"


def test_class_folders_at_the_top_stay_there(tmp_path: Path) -> None:
    """Else a class would be left out."""
    unpacked(zipped(PHOTOS), tmp_path)
    assert class_folders(tmp_path / "out") == tmp_path / "out"
