"""What a stage had done when it was killed, so that the next run continues there."""

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

# Another version of these may give other pixels.
LIBRARIES = ("albumentations", "numpy", "opencv-python-headless", "pillow", "scipy", "simplejpeg", "tifffile")


class Journal:
    """A file that only grows, line by line; a line that a kill cut short does not count.

    Whatever a line tells of must be on the disk before the line is added. Without a path nothing is kept.
    """

    def __init__(self, path: Path | None = None) -> None:
        self.lines: list[str] = []  # of the runs before this one
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
        """Return the pieces of work that no line tells of, by the words that `str` has for them."""
        finished = set(self.lines)
        return [piece for piece in pieces if str(piece) not in finished]

    def noting(self, finished: Iterable[tuple[object, int]]) -> Iterator[int]:
        """Add each piece of work, given with its number of items, as it is finished; yield the number."""
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
    """Yield a path beside `path` and a journal, as a run that was stopped at the same `work` left them, else new.

    What is at the yielded path takes the place of `path` at the end. Until then, also after an exception or a
    kill, it is kept under a name that starts with a dot; work of another fingerprint is removed. A second process
    waits until the first one has ended.
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
    """Name a piece of work by its inputs (anything that JSON can write), this project's code, and the libraries.

    Those are LIBRARIES and the given ones.
    """
    digest = hashlib.sha256()
    for file in sorted(Path(__file__).parents[1].rglob("*.py")):
        digest.update(file.read_bytes())
    versions = [platform.python_version(), *(version(library) for library in (*LIBRARIES, *libraries))]
    digest.update(json.dumps([versions, inputs]).encode())
    return digest.hexdigest()[:16]
