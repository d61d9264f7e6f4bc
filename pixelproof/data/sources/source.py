"""Where the photos come from: a folder or an archive, which class and part each belongs to. Never writes there."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Protocol

from pixelproof.data.sources.archives import ACCEPTED, archive_kind
from pixelproof.data.sources.folders import FolderSource
from pixelproof.data.sources.labels import Entry, Given, Layout, is_system_file
from pixelproof.data.sources.labels_table import LABELS_TABLE, read_labels_table
from pixelproof.data.sources.packed import open_archive
from pixelproof.errors import UserError

NOT_LISTED = Given(None, None, ("not in labels.csv", "labels.csv, which decides, does not list this file"))
MISSING = ("missing file", "labels.csv lists this file, but the source does not hold it")
WANTED = f"Name a folder with one folder of photos per class, or an archive of one ({ACCEPTED})."


class Source(Protocol):
    """A folder or an archive, opened."""

    path: Path

    def entries(self) -> Iterable[Entry]:
        """Return every file, in any order."""

    def read(self, id: str) -> bytes:
        """Return the bytes of a file, by its path below the source; from any thread. Raises OSError."""


@dataclass(frozen=True)
class Found:
    """A file of the source; `path` is relative to it, with forward slashes."""

    path: str
    label: str | None  # None for a file without one; `refused` says why
    ignored: bool  # hidden, left there by an operating system, or labels.csv
    part: str | None = None  # train, valid or test, where the source gives it
    refused: tuple[str, str] | None = None  # reason and detail, known without reading it


def check_source(path: Path) -> None:
    """Raise UserError if `path` is neither a folder nor an archive."""
    if not path.exists():
        raise UserError(f"ingest.source: {str(path)!r} does not exist. {WANTED}")
    if not path.is_dir() and not (path.is_file() and archive_kind(path)):
        raise UserError(f"ingest.source: {str(path)!r} is a file, but no archive that can be read. {WANTED}")


@contextmanager
def open_source(path: Path, work: Path | None = None) -> Iterator[Source]:
    """Open a folder or an archive for reading, for as long as the context lasts.

    A compressed tar is unpacked for that long to a tar without a name in the folder `work`, by default the system's
    for temporary files. Raises UserError if `path` is neither, or is an archive that is damaged or not to be trusted.
    """
    check_source(path)
    if path.is_dir():
        yield FolderSource(path)
    else:
        with open_archive(path, work) as archive:
            yield archive


def scan(source: Source, pattern: str | None = None) -> list[Found]:
    """List every file of a source, in order of path, with the label and the part that the source gives it.

    A labels.csv at the top decides; a file that only it names is listed too. Else `pattern` decides, a regular
    expression with a group `label`; else the folders. Raises UserError if the source cannot be read, or has a
    labels.csv that is wrong.
    """
    entries = sorted(source.entries(), key=lambda entry: str(entry.path))
    table = next((entry for entry in entries if str(entry.path) == LABELS_TABLE), None)
    if table is not None:
        return _scan_table(entries, _read_table(source, table))
    layout = Layout.of([entry for entry in entries if entry.inside_source and not is_system_file(entry.path)], pattern)
    return [
        _ignored(entry)
        if entry.inside_source and is_system_file(entry.path)
        else _found(entry, layout.given(entry) if entry.inside_source else Given(None))
        for entry in entries
    ]


def _scan_table(entries: list[Entry], table: dict[str, Given]) -> list[Found]:
    there = {str(entry.path) for entry in entries}
    found = [
        _ignored(entry) if _is_left_out(entry, table) else _found(entry, table.get(str(entry.path), NOT_LISTED))
        for entry in entries
    ]
    missing = [
        _found(Entry(PurePosixPath(path), refused=MISSING), given) for path, given in table.items() if path not in there
    ]
    return sorted([*found, *missing], key=lambda file: file.path)


def _read_table(source: Source, entry: Entry) -> dict[str, Given]:
    path = source.path / LABELS_TABLE
    try:
        if entry.refused is not None:
            raise OSError(": ".join(entry.refused))
        return read_labels_table(source.read(LABELS_TABLE), path)
    except OSError as error:
        raise UserError(f"{path}: cannot be read ({error.strerror or error}), and it decides what is wanted.") from None


def _is_left_out(entry: Entry, table: dict[str, Given]) -> bool:
    path = str(entry.path)
    return path == LABELS_TABLE or (entry.inside_source and path not in table and is_system_file(entry.path))


def _found(entry: Entry, given: Given) -> Found:
    """Join what the source says of a file with what its path or the table says; a link to a folder makes no class."""
    label = None if entry.link or not entry.inside_source else given.label
    return Found(str(entry.path), label, False, given.part, entry.refused or given.refused)


def _ignored(entry: Entry) -> Found:
    return Found(str(entry.path), None, True)
