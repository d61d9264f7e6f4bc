"""Files by the names that a table gives them, which another system or program may have written in its own way."""

from collections import defaultdict
from collections.abc import Collection, Iterable
from functools import cached_property
from pathlib import PurePosixPath

from pixelproof.data.sources.class_names import composed, loose


class FileNames:
    """The files of a source, found by the names that a table `listed`, exact or not.

    Windows writes `img\\1.png`, macOS takes `é` apart, spreadsheets leave spaces, and people change capitals. A file
    that is listed exactly is meant by that name alone.
    """

    def __init__(self, files: Collection[str], listed: Iterable[str]) -> None:
        self._files = set(files)
        self._exact = {_plain(name) for name in listed} & self._files

    def find(self, name: str) -> list[str]:
        """Return the files that a listed name may mean: itself, else those that it nearly spells."""
        if _plain(name) in self._exact:
            return [_plain(name)]
        nearly = [file for file in self._by_loose_name.get(_loose(name), ()) if file not in self._exact]
        in_other_form = [file for file in nearly if composed(file) == composed(_plain(_slashed(name)))]
        return in_other_form or nearly

    @cached_property  # most tables are exact and never need it
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
