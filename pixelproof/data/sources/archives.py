"""Archives of photos (zip, tar, compressed tar), unpacked by someone who does not trust them."""

import bz2
import gzip
import logging
import lzma
import re
import shutil
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, Literal, cast

from pixelproof.console import transfer
from pixelproof.data.sources.zip_names import ZipNames, read_zip_names
from pixelproof.errors import UserError

log = logging.getLogger(__name__)

LIMIT_BYTES = 200 * 2**30  # ImageNet unpacked is 150 GiB
LIMIT_RATIO = 100  # times the archive's own size; photos are near 1, simple drawings as BMP near 50
HARMLESS_BYTES = 64 * 2**20  # up to here any ratio will do: a few plain pictures compress 500 times
BROKEN = (
    *(zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError),
    NotImplementedError,  # zipfile on a compression or version that it does not know
    *(ValueError, struct.error, OverflowError),  # zipfile and tarfile on malformed names and numbers
)
COMPRESSIONS: dict[bytes, Callable[[IO[bytes]], Any]] = {  # by a file's first bytes
    b"\x1f\x8b": lambda file: gzip.GzipFile(fileobj=file),
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ\0": lzma.LZMAFile,
}
AT_ONCE_BYTES = 2**24  # of a tar; only a name made to fill the memory is longer
ACCEPTED = "zip, tar, or tar compressed by gzip, bzip2 or xz"
DOS_FOLDER = 0x10  # in an entry's external attributes
Kind = Literal["file", "folder", "link", "special"]


@dataclass(frozen=True)
class ArchiveEntry:
    name: str
    size: int
    kind: Kind
    open: Callable[[], IO[bytes]]


def unpack(archive: Path, folder: Path) -> None:
    """Write the archive's files below `folder`, which is empty, with nothing of the archive's links, owners or modes.

    Whoever calls makes `folder` visible, or removes it: after a UserError a part of the files may be there.
    Raises UserError if it is not a zip or tar archive, is damaged, too large, or has entries that lead elsewhere.
    """
    try:
        _write_all(archive, folder)
    except BROKEN as error:
        raise UserError(f"{archive}: cannot be unpacked to its end ({error}). Have it packed again.") from None
    except OSError as error:  # a full disk; bz2 and gzip also say so of damaged content
        raise UserError(f"{archive}: cannot be unpacked into {folder} ({error.strerror or error}).") from None


def _write_all(archive: Path, folder: Path) -> None:
    total = files = 0
    with transfer(f"unpacking {archive.name}", None) as advance:
        for entry in _entries(archive):
            path = _checked(entry, archive)
            total += entry.size
            check_total(total, archive)
            if entry.kind == "file":
                _write(entry, folder / path, archive)
                files += 1
            advance(entry.size)
    if not files:
        raise UserError(f"{archive}: holds no files. Name an archive of class folders with photos.")


def check_total(total: int, archive: Path) -> None:
    """Raise UserError if `total` bytes are more than what comes out of an archive of photos."""
    limit = min(LIMIT_BYTES, max(HARMLESS_BYTES, LIMIT_RATIO * archive.stat().st_size))
    if total > limit:
        raise UserError(
            f"{archive}: its files take more than {limit:,} bytes; the limit is {LIMIT_RATIO} times the "
            f"archive's size, and {LIMIT_BYTES:,} bytes. If you trust it, unpack it by hand and name the "
            "folder in ingest.source."
        )


def archive_kind(path: Path) -> Literal["tar", "zip"] | None:
    """Recognise an archive by its content. A tar comes first: it may end in a zip that it contains."""
    if _begins_as_tar(path):
        return "tar"
    return "zip" if zipfile.is_zipfile(path) else None


def _begins_as_tar(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            tarfile.TarInfo.frombuf((decompressed(file) or file).read(tarfile.BLOCKSIZE), "utf-8", "surrogateescape")
    except (*BROKEN, OSError):
        return False
    return True


def decompressed(file: IO[bytes]) -> IO[bytes] | None:
    """Return the content of a compressed file, to be read on and on, or None if it is not compressed."""
    head = file.read(6)
    file.seek(0)
    return next((open(file) for magic, open in COMPRESSIONS.items() if head.startswith(magic)), None)


def _entries(archive: Path) -> Iterator[ArchiveEntry]:
    """Yield what the archive holds, in its order."""
    kind = archive_kind(archive)
    if kind == "tar":
        with archive.open("rb") as file, open_tar(decompressed(file) or file) as tar:
            for member in tar_members(tar):
                yield _tar_entry(tar, member)
    elif kind == "zip":
        with zipfile.ZipFile(archive) as packed:
            infos = packed.infolist()
            names = read_zip_names(infos)
            if names.guessed:
                log.warning("%s: %s", archive, guess_note(names))
            for info, name in zip(infos, names.names, strict=True):
                yield _zip_entry(packed, info, name, archive)
    else:
        raise UserError(
            f"{archive}: not an archive that can be read ({ACCEPTED}). "
            "Name an archive that holds one folder of photos per class."
        )


class _Cautious:
    """A file that gives no more than AT_ONCE_BYTES at once."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self.seek, self.tell = file.seek, file.tell

    def read(self, size: int) -> bytes:
        if size > AT_ONCE_BYTES:
            raise tarfile.ReadError(f"a header of {size:,} bytes")
        return self._file.read(size)


def open_tar(plain: IO[bytes]) -> tarfile.TarFile:
    return tarfile.open(fileobj=cast("IO[bytes]", _Cautious(plain)), mode="r:")  # it calls read, seek and tell alone


def tar_members(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    """Yield every member. Raises tarfile.ReadError where tarfile itself would end early and not say so."""
    while (member := tar.next()) is not None:
        yield member
        # It keeps every member, and a million are a gibibyte; `members` is missing from its types.
        tar.members.clear()  # type: ignore[attr-defined]
    assert tar.fileobj is not None  # it is open
    tar.fileobj.seek(tar.offset)
    if tar.fileobj.read(tarfile.BLOCKSIZE) != bytes(tarfile.BLOCKSIZE):
        raise tarfile.ReadError("it ends, or is damaged, before the end mark")


def _tar_entry(tar: tarfile.TarFile, member: tarfile.TarInfo) -> ArchiveEntry:
    def content() -> IO[bytes]:
        file = tar.extractfile(member)
        assert file is not None  # it is None for folders, links and devices only
        return file

    return ArchiveEntry(member.name, member.size, tar_member_kind(member), content)


def tar_member_kind(member: tarfile.TarInfo) -> Kind:
    if member.issym() or member.islnk():
        return "link"
    return "file" if member.isreg() else "folder" if member.isdir() else "special"


def guess_note(names: ZipNames) -> str:
    """Say how names were read of which the zip does not say how they are encoded, so that a person can look."""
    return (
        f"does not say how its names are encoded; they were read as {names.guessed}, for example {names.example!r}. "
        "If that is wrong, have it packed again with names in UTF-8."
    )


def _zip_entry(packed: zipfile.ZipFile, info: zipfile.ZipInfo, name: str, archive: Path) -> ArchiveEntry:
    if is_encrypted(info):
        raise UserError(f"{archive}: {name!r} is encrypted. Name an archive without a password.")
    return ArchiveEntry(name, info.file_size, zip_member_kind(info, name), lambda: packed.open(info))


def is_encrypted(info: zipfile.ZipInfo) -> bool:
    return bool(info.flag_bits & 1)


def zip_member_kind(info: zipfile.ZipInfo, name: str) -> Kind:
    """Tell what an entry is, by its mode where the packing system has one, else by its name (decoded)."""
    mode = stat.S_IFMT(info.external_attr >> 16)  # 0 where the packing system has no such thing
    if mode not in (0, stat.S_IFREG, stat.S_IFDIR):
        return "link" if mode == stat.S_IFLNK else "special"
    # .NET ends a folder's name with a backslash; some programs only set the bit that DOS has for folders.
    is_empty_folder = name.endswith("\\") or mode == stat.S_IFDIR or info.external_attr & DOS_FOLDER
    return "folder" if name.endswith("/") or (is_empty_folder and not info.file_size) else "file"


def _checked(entry: ArchiveEntry, archive: Path) -> PurePosixPath:
    """Return the entry's path. Raises UserError if it leads out of the folder, or is neither file nor folder."""
    flaw = name_flaw(entry.name) or kind_flaw(entry.kind)
    if flaw is None:
        return member_path(entry.name)
    raise UserError(f"{archive}: the entry {entry.name!r} {flaw}; only files and folders are unpacked. Do not use it.")


def member_path(name: str) -> PurePosixPath:
    """Return a member's path below the archive; only one whose name has no flaw may be used."""
    return PurePosixPath(name.replace("\\", "/"))  # as some Windows programs write zip files


def name_flaw(name: str) -> str | None:
    """Say why a name leads to no place below the archive, or return None."""
    path = member_path(name)
    if "\0" in name or not path.parts:
        return "has a name that no file can have"
    if path.is_absolute() or re.match(r"[A-Za-z]:", name) or ".." in path.parts:
        return "leads out of the folder it belongs to"
    return None


def kind_flaw(kind: Kind) -> str | None:
    """Say why a member holds no bytes of its own, or return None."""
    return {"link": "is a link", "special": "is a device or a pipe"}.get(kind)


def _write(entry: ArchiveEntry, path: Path, archive: Path) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("xb") as file, entry.open() as content:
            shutil.copyfileobj(content, file, 2**20)
    except (FileExistsError, NotADirectoryError, IsADirectoryError):
        raise UserError(f"{archive}: two entries have the name {entry.name!r}. Have it packed again.") from None


def class_folders(unpacked: Path) -> Path:
    """Return the folder that holds the class folders: `unpacked`, or the lone folder in it that holds folders."""
    inside = [path for path in unpacked.iterdir() if not path.name.startswith((".", "__MACOSX"))]
    if len(inside) == 1 and inside[0].is_dir() and any(path.is_dir() for path in inside[0].iterdir()):
        return class_folders(inside[0])
    return unpacked
