"""Archives of photos (zip, tar, compressed tar), unpacked by someone who does not trust them."""

import lzma
import re
import shutil
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from pixelproof.console import transfer
from pixelproof.errors import UserError

LIMIT_BYTES = 200 * 2**30  # ImageNet unpacked is 150 GiB
LIMIT_RATIO = 100  # times the archive's own size; photos are near 1, simple drawings as BMP near 50
HARMLESS_BYTES = 64 * 2**20  # up to here the ratio may be what it likes: a few plain pictures compress 500 times
BROKEN = (zipfile.BadZipFile, tarfile.TarError, zlib.error, lzma.LZMAError, EOFError, NotImplementedError)


@dataclass(frozen=True)
class Entry:
    name: str
    size: int
    kind: str  # file | folder | link | special
    open: Callable[[], IO[bytes]]


def unpack(archive: Path, folder: Path) -> None:
    """Write the archive's files below `folder`, which is empty, with nothing of the archive's links, owners or modes.

    Whoever calls makes `folder` visible, or removes it: after a UserError a part of the files may be there.
    Raises UserError if it is no zip or tar archive, is damaged, too large, or has entries that lead elsewhere.
    """
    try:
        _write_all(archive, folder)
    except BROKEN as error:
        raise UserError(f"{archive}: cannot be unpacked to its end ({error}). Have it packed again.") from None
    except OSError as error:  # a full disk; bz2 and gzip also say so of damaged content
        raise UserError(f"{archive}: cannot be unpacked into {folder} ({error.strerror or error}).") from None


def _write_all(archive: Path, folder: Path) -> None:
    limit = min(LIMIT_BYTES, max(HARMLESS_BYTES, LIMIT_RATIO * archive.stat().st_size))
    total = files = 0
    with transfer(f"unpacking {archive.name}", None) as advance:
        for entry in _entries(archive):
            path = _checked(entry, archive)
            total += entry.size
            if total > limit:
                raise UserError(
                    f"{archive}: its files take more than {limit:,} bytes; the limit is {LIMIT_RATIO} times the "
                    f"archive's size, and {LIMIT_BYTES:,} bytes. If you trust it, unpack it by hand and name the "
                    "folder in ingest.source."
                )
            if entry.kind == "file":
                _write(entry, folder / path, archive)
                files += 1
            advance(entry.size)
    if not files:
        raise UserError(f"{archive}: holds no files. Name an archive of class folders with photos.")


def _entries(archive: Path) -> Iterator[Entry]:
    """Yield what the archive holds, in its order. A tar is recognised first: it may end in a zip that it contains."""
    if tarfile.is_tarfile(archive):
        with tarfile.open(archive) as tar:
            for member in tar:
                yield _tar_entry(tar, member)
    elif zipfile.is_zipfile(archive):
        with zipfile.ZipFile(archive) as packed:
            for info in packed.infolist():
                yield _zip_entry(packed, info, archive)
    else:
        raise UserError(
            f"{archive}: this is no zip or tar archive (tar may be compressed by gzip, bzip2 or xz). "
            "Name an archive that holds one folder of photos per class."
        )


def _tar_entry(tar: tarfile.TarFile, member: tarfile.TarInfo) -> Entry:
    def content() -> IO[bytes]:
        file = tar.extractfile(member)
        assert file is not None  # it is none for folders, links and devices only
        return file

    kind = "file" if member.isreg() else "folder" if member.isdir() else "special"
    return Entry(member.name, member.size, "link" if member.issym() or member.islnk() else kind, content)


def _zip_entry(packed: zipfile.ZipFile, info: zipfile.ZipInfo, archive: Path) -> Entry:
    if info.flag_bits & 1:
        raise UserError(f"{archive}: {info.filename!r} is encrypted. Name an archive without a password.")
    mode = stat.S_IFMT(info.external_attr >> 16)  # 0 where the packing system has no such thing
    kind = "folder" if info.is_dir() else "file"
    if mode not in (0, stat.S_IFREG, stat.S_IFDIR):
        kind = "link" if mode == stat.S_IFLNK else "special"
    return Entry(info.filename, info.file_size, kind, lambda: packed.open(info))


def _checked(entry: Entry, archive: Path) -> PurePosixPath:
    """Return the entry's path. Raises UserError if it leads out of the folder or is no file or folder."""
    name = entry.name.replace("\\", "/")  # as some Windows programs write zip files
    path = PurePosixPath(name)
    if "\0" in name:
        what = "has a name that no file can have"
    elif path.is_absolute() or re.match(r"[A-Za-z]:", name) or ".." in path.parts:
        what = "leads out of the folder to unpack into"
    elif entry.kind == "link":
        what = "is a link"
    elif entry.kind == "special":
        what = "is a device or a pipe"
    else:
        return path
    raise UserError(f"{archive}: the entry {entry.name!r} {what}; only files and folders are unpacked. Do not use it.")


def _write(entry: Entry, path: Path, archive: Path) -> None:
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
