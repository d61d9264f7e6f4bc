"""Files by the names that a table gives them, which another system or program may have written in its own way."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from functools import cached_property
from pathlib import PurePosixPath

from pixelproof.data.sources.class_names import composed, loose


class FileNames:
    """Finds the file that a name means, where it is not written to the letter as the file's own.

    Windows writes `img\\1.png`, macOS takes `é` apart, spreadsheets leave spaces, and people change capitals.
    """

    def __init__(self, files: Collection[str]) -> None:
        self._files = set(files)
        self._taken: set[str] = set()

    def take(self, names: Iterable[str]) -> None:
        """Keep the files that some of the names mean to the letter: no other name means them then."""
        self._taken = {_plain(name) for name in names} & self._files

    def find(self, name: str) -> list[str]:
        """Return the files that a name may mean: itself, else those that are spelled nearly so, nearest kind first."""
        if _plain(name) in self._taken:
            return [_plain(name)]
        nearly = [file for file in self._by_loose_name.get(_loose(name), ()) if file not in self._taken]
        same = [file for file in nearly if composed(file) == composed(_plain(_slashed(name)))]
        return same or nearly

    @cached_property
    def _by_loose_name(self) -> dict[str, list[str]]:
        files = defaultdict(list)
        for file in sorted(self._files):
            files[_loose(file)].append(file)
        return files


def _plain(name: str) -> str:
    return str(PurePosixPath(name))


def _slashed(name: str) -> str:
    return name.replace("\\", "/")


def _loose(name: str) -> str:
    return "/".join(loose(part) for part in PurePosixPath(_slashed(name)).parts)
