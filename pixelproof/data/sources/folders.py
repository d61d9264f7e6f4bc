"""A folder as a source: symbolic links are followed as far as they stay inside it."""

import errno
import os
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from pixelproof.data.sources.labels import SourceEntry
from pixelproof.errors import UserError

MOST_WAYS = 100  # into one folder by links: thirty folders with two links each to the next make a billion paths
MAX_BYTES = 256 * 2**20  # a file is held in memory while it is decoded; a film among the photos is not


class TooLargeError(OSError):
    """A file that is too large to be a photo."""


class _Folder(NamedTuple):
    """A folder on the walk."""

    path: PurePosixPath  # below the source, links and all
    real: tuple[str, ...]  # where the source, the folders between, and at last this one really are


class FolderSource:
    """The files below a folder."""

    note = ""  # it is read as it lies there

    def __init__(self, path: Path) -> None:
        self.path = path

    def entries(self) -> Iterator[SourceEntry]:
        """Yield every file, and every link that leads to none. Raises UserError for a folder that may not be read."""
        ways: Counter[str] = Counter()
        waiting = [_Folder(PurePosixPath(), (os.path.realpath(self.path),))]
        while waiting:
            folder = waiting.pop()
            for child in _children(self.path / folder.path):
                found = _visit(child, folder, ways)
                if isinstance(found, SourceEntry):
                    yield found
                else:
                    waiting.append(found)

    def read(self, id: str) -> bytes:
        """Return the bytes of a file, by its path below the source. Raises OSError."""
        # Not by Path and open, which take longer than the reading; without waiting, as a named pipe would for ever.
        file = os.open(f"{self.path}/{id}", os.O_RDONLY | os.O_NONBLOCK)
        try:
            about = os.fstat(file)
            if not stat.S_ISREG(about.st_mode):
                raise OSError("neither a file nor a link to one")
            check_size(about.st_size)
            return os.read(file, about.st_size)
        finally:
            os.close(file)


def check_size(size: int) -> None:
    """Raise TooLargeError for more bytes than any photo has, before they fill the memory."""
    if size > MAX_BYTES:
        raise TooLargeError(f"{size:,} bytes; the limit for one file is {MAX_BYTES:,}")


def _children(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as children:  # in order, since only so many ways into a folder count
            return sorted(children, key=lambda child: child.name)
    except OSError as error:
        raise UserError(f"{folder}: this folder of the source cannot be read ({error.strerror}). Allow it.") from None


def _visit(child: os.DirEntry[str], folder: _Folder, ways: Counter[str]) -> SourceEntry | _Folder:
    path = folder.path / child.name
    real = os.path.join(folder.real[-1], child.name)  # noqa: PTH118  # compared as text, as realpath gives it
    if child.is_symlink():
        return _follow(real, path, folder, ways)
    if child.is_dir(follow_symlinks=False):
        return _Folder(path, (*folder.real, real))
    return SourceEntry(path)


def _follow(link: str, path: PurePosixPath, folder: _Folder, ways: Counter[str]) -> SourceEntry | _Folder:
    """Return the folder that a link leads to, or the entry that the link itself makes."""
    try:
        target = os.path.realpath(link, strict=True)
    except OSError as error:
        return SourceEntry(path, False, _broken(error))
    is_folder = Path(target).is_dir()
    if not _holds(folder.real[0], target):
        return SourceEntry(
            path, is_folder, ("link outside the source", f"it leads to {target}; copy it into the source")
        )
    if not is_folder:
        return SourceEntry(path)
    if any(_holds(target, above) for above in folder.real):
        return SourceEntry(path, True, ("link loop", f"it leads to {target}, a folder that holds it"))
    ways[target] += 1
    if ways[target] > MOST_WAYS:
        return SourceEntry(path, True, ("too many links", f"more than {MOST_WAYS} ways by links lead to {target}"))
    return _Folder(path, (*folder.real, target))


def _broken(error: OSError) -> tuple[str, str]:
    if error.errno == errno.ELOOP:
        return "link loop", "it leads to itself"
    if error.errno in (errno.ENOENT, errno.ENOTDIR):
        return "broken link", "it leads to nothing"
    return "unreadable", error.strerror or str(error)


def _holds(folder: str, path: str) -> bool:
    return path == folder or path.startswith(folder.rstrip(os.sep) + os.sep)
