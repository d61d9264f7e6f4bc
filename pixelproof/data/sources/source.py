"""Where the photos come from: a folder or an archive, which class and part each belongs to. Never writes there."""

import logging
import os
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Protocol

from pixelproof.data.sources.archives import ACCEPTED, archive_kind
from pixelproof.data.sources.class_names import composed, warn_of_look_alikes
from pixelproof.data.sources.encodings import decode_names
from pixelproof.data.sources.folders import FolderSource
from pixelproof.data.sources.labels import Given, SourceEntry, SourceLayout, is_system_file
from pixelproof.data.sources.labels_table import LABELS_TABLE, read_labels_table
from pixelproof.data.sources.packed import open_archive
from pixelproof.errors import UserError

log = logging.getLogger(__name__)

NOT_LISTED = Given(None, None, ("not in labels.csv", "labels.csv, which decides, does not list this file"))
MISSING = ("missing file", "labels.csv lists this file, but the source does not hold it")
WANTED = f"Name a folder with one folder of photos per class, or an archive of one ({ACCEPTED})."


class Source(Protocol):
    """A folder or an archive, opened."""

    path: Path
    note: str  # what a person should know of how it was read; empty if nothing

    def entries(self) -> Iterable[SourceEntry]:
        """Return every file, in any order."""

    def read(self, id: str) -> bytes:
        """Return the bytes of a file, by its path below the source; from any thread. Raises OSError."""


@dataclass(frozen=True)
class ScannedFile:
    """A file of the source; `path` is relative to it, with forward slashes."""

    path: str
    label: str | None  # None for a file without one; `refused` says why
    ignored: bool  # hidden, left there by an operating system, or labels.csv
    part: str | None = None  # train, valid or test, where the source gives it
    refused: tuple[str, str] | None = None  # reason and detail, known without reading it
    group: str | None = None  # the user's own, where labels.csv gives one


def check_source(path: Path) -> None:
    """Raise UserError if `path` is neither a folder nor an archive."""
    if not path.exists():
        raise UserError(f"ingest.source: {str(path)!r} does not exist. {WANTED}")
    if not path.is_dir() and not (path.is_file() and archive_kind(path)):
        raise UserError(f"ingest.source: {str(path)!r} is a file, but not an archive that can be read. {WANTED}")


def check_names(path: Path, project: Path) -> None:
    """Raise UserError if DVC would stop at the name of a file, and say of which.

    It cannot write down names that are not UTF-8. Below `project` our .dvcignore keeps it from seeing them, and ingest
    puts them in quarantine; elsewhere nothing keeps DVC from them.
    """
    if not path.is_dir() or path.absolute().is_relative_to(project):
        return
    names = [os.fsencode(entry.path) for entry in FolderSource(path).entries()]
    bad = sorted(name for name in names if not _is_utf8(name))
    if bad:
        (meant, *_), encoding = decode_names(bad)
        more = f", nor those of {len(bad) - 1} more" if len(bad) > 1 else ""
        raise UserError(
            f"{path}: the name of the file {str(bad[0])[1:]} is not UTF-8 text{more}; DVC, which looks at the source "
            f"next, stops at such names. Rename it, perhaps to {meant!r} (that is {encoding}), or move it away."
        )


def _is_utf8(name: bytes) -> bool:
    try:
        name.decode()
    except UnicodeDecodeError:
        return False
    return True


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


def scan(source: Source, pattern: str | None = None) -> list[ScannedFile]:
    """List every file of a source, in order of path, with the label, part and group that the source gives it.

    A labels.csv at the top decides; a file that only it names is listed too. Else `pattern` decides, a regular
    expression with a group `label`; else the folders. Labels are composed (NFC): the same name in two Unicode forms is
    one class. Logs names that are easily taken for one another. Raises UserError if the source cannot be read, or has
    a labels.csv that is wrong.
    """
    entries = sorted(source.entries(), key=lambda entry: str(entry.path))
    if source.note:
        log.warning("%s: %s", source.path, source.note)
    table = next((entry for entry in entries if str(entry.path) == LABELS_TABLE), None)
    files = _scan_names(entries, pattern) if table is None else _scan_table(source, table, entries)
    labels = {file.label for file in files if file.label}
    warn_of_look_alikes(source.path, labels, {file.group for file in files if file.group})
    return [_with_composed_label(file) for file in files]


def _with_composed_label(file: ScannedFile) -> ScannedFile:
    label = file.label and composed(file.label)
    return file if label == file.label else replace(file, label=label)


def _scan_names(entries: list[SourceEntry], pattern: str | None) -> list[ScannedFile]:
    layout = SourceLayout.of(
        [entry for entry in entries if entry.inside_source and not is_system_file(entry.path)], pattern
    )
    return [
        _ignored(entry)
        if entry.inside_source and is_system_file(entry.path)
        else _scanned(entry, layout.given(entry) if entry.inside_source else Given(None))
        for entry in entries
    ]


def _scan_table(source: Source, own: SourceEntry, entries: list[SourceEntry]) -> list[ScannedFile]:
    files = {str(entry.path) for entry in entries if entry.inside_source}
    table = _read_table(source, own, files)
    found = [
        _ignored(entry) if _is_left_out(entry, table) else _scanned(entry, table.get(str(entry.path), NOT_LISTED))
        for entry in entries
    ]
    there = {file.path for file in found}
    gone = [(PurePosixPath(path), given) for path, given in table.items() if path not in there]
    missing = [_scanned(SourceEntry(path, refused=MISSING), given) for path, given in gone]
    return sorted([*found, *missing], key=lambda file: file.path)


def _read_table(source: Source, own: SourceEntry, files: Collection[str]) -> dict[str, Given]:
    path = source.path / LABELS_TABLE
    try:
        if own.refused is not None:
            raise OSError(": ".join(own.refused))
        return read_labels_table(source.read(LABELS_TABLE), path, files)
    except OSError as error:
        reason = error.strerror or error
        raise UserError(f"{path}: cannot be read ({reason}), and it decides which files are wanted.") from None


def _is_left_out(entry: SourceEntry, table: dict[str, Given]) -> bool:
    path = str(entry.path)
    return path == LABELS_TABLE or (entry.inside_source and path not in table and is_system_file(entry.path))


def _scanned(entry: SourceEntry, given: Given) -> ScannedFile:
    """Join what the source says of a file with what its path or the table says; a link to a folder makes no class."""
    label = None if entry.link or not entry.inside_source else given.label
    return ScannedFile(str(entry.path), label, False, given.part, entry.refused or given.refused, given.group)


def _ignored(entry: SourceEntry) -> ScannedFile:
    return ScannedFile(str(entry.path), None, True)
