"""Journals: the work that a killed stage had finished, so that the next run continues from there."""

import hashlib
import json
import platform
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from pixelproof.files import move_into_place, remove
from pixelproof.files.exclusive import exclusively

T = TypeVar("T")

# Other versions of these may give other pixels.
LIBRARIES = ("albumentations", "numpy", "opencv-python-headless", "pillow", "scipy", "simplejpeg", "tifffile")


class Journal:
    """An append-only file of lines; a line that a kill cut short does not count.

    Write the work to disk before adding its line. Without a path nothing is kept.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.lines: list[str] = []  # of earlier runs
        self._file = path.open("ab", buffering=0) if path else None
        if path and self._file:
            content = path.read_bytes()
            whole = content[: content.rfind(b"\n") + 1]
            self.lines = whole.decode().splitlines()
            self._file.truncate(len(whole))

    def add(self, line: str) -> None:
        if self._file:
            self._file.write(f"{line}\n".encode())

    def without_finished(self, pieces: Iterable[T]) -> list[T]:
        """Return the pieces of work whose `str` is not yet a line."""
        finished = set(self.lines)
        return [piece for piece in pieces if str(piece) not in finished]

    def noting(self, finished: Iterable[tuple[object, int]]) -> Iterator[int]:
        """Add a line for each finished piece of work; yield its number of items."""
        for piece, count in finished:
            self.add(str(piece))
            yield count

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._file:
            self._file.close()


def chunks(count: int, size: int) -> list[range]:
    """Cut the numbers from 0 to `count` (excluded) into ranges of `size`, the last one shorter."""
    return [range(start, min(start + size, count)) for start in range(0, count, size)]


@contextmanager
def continuing(path: Path, work: str) -> Iterator[tuple[Path, Journal]]:
    """Yield a path beside `path` and a journal: those of an unfinished run of the same `work`, or new ones.

    What is at the yielded path replaces `path` at the end. Until then, also after an exception or a kill, it is kept
    under a name that starts with a dot; work of another fingerprint is removed. A second process waits until the first
    one has ended.
    """
    unfinished = path.with_name(f".{path.name}.{work}.partial")
    with exclusively(path.with_name(f".{path.name}.lock"), str(path)):
        for other in path.parent.glob(f".{path.name}.*partial"):
            if other != unfinished:
                remove(other)
        unfinished.mkdir(exist_ok=True)
        with Journal(unfinished / "journal") as journal:
            yield unfinished / "output", journal
        move_into_place(unfinished / "output", path)
        remove(unfinished)


def fingerprint(*inputs: object, libraries: Iterable[str] = ()) -> str:
    """Return a hash of a piece of work: its inputs (anything JSON can hold), this project's code, and library versions.

    The libraries are LIBRARIES and the given ones.
    """
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parents[1].rglob("*.py")):
        digest.update(file.read_bytes())
    versions = [platform.python_version(), *(version(library) for library in (*LIBRARIES, *libraries))]
    digest.update(json.dumps([versions, inputs]).encode())
    return digest.hexdigest()[:16]
