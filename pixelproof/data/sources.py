"""Which files a source holds, and which class and part each belongs to. Reads names only; never writes."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pixelproof.data.labels import Entry, Given, Layout
from pixelproof.data.labels_table import LABELS_TABLE, read_labels_table
from pixelproof.errors import UserError

SYSTEM_FILES = {"thumbs.db", "desktop.ini", "ehthumbs.db", "icon\r"}
SYSTEM_FOLDERS = {"__macosx", "@eadir"}
NOT_LISTED = Given(None, None, ("not in labels.csv", "labels.csv, which decides, does not list this file"))
MISSING = ("missing file", "labels.csv lists this file, but the source does not hold it")


@dataclass(frozen=True)
class Found:
    """A file of the source; `path` is relative to it, with forward slashes."""

    path: str
    label: str | None  # None for a file without one; `refused` says why
    ignored: bool  # hidden, left there by an operating system, or labels.csv
    linked_folder: bool = False
    part: str | None = None  # train, valid or test, where the source gives it
    refused: tuple[str, str] | None = None  # reason and detail, known from the names alone


def check_source(source: Path) -> None:
    """Raise UserError if `source` is no folder."""
    if not source.exists():
        raise UserError(
            f"ingest.source: the folder {str(source)!r} does not exist. "
            "Name a folder that holds one folder of photos per class."
        )
    if not source.is_dir():
        raise UserError(f"ingest.source: {str(source)!r} is a file. Name a folder with one folder of photos per class.")


def scan(source: Path, pattern: str | None = None) -> list[Found]:
    """List every file below `source`, in order of path, with the label and the part that the source gives it.

    A labels.csv at the top decides; a file that only it names is listed too. Else `pattern` decides, a regular
    expression with a group `label`; else the folders. Raises UserError if the source is no folder, cannot be
    read, or has a labels.csv that is wrong.
    """
    check_source(source)
    entries = sorted(_walk(source), key=lambda entry: str(entry.path))
    if Entry(PurePosixPath(LABELS_TABLE), link=False) in entries:
        return _scan_table(entries, read_labels_table(source / LABELS_TABLE))
    layout = Layout.of([entry for entry in entries if not _is_system(entry.path)], pattern)
    return [
        _ignored(entry) if _is_system(entry.path) else _found(str(entry.path), layout.given(entry), entry.link)
        for entry in entries
    ]


def _scan_table(entries: list[Entry], table: dict[str, Given]) -> list[Found]:
    there = {str(entry.path): entry for entry in entries}
    found = [
        _found(path, table.get(path, NOT_LISTED), entry.link)
        if path in table or not _is_system(entry.path)
        else _ignored(entry)
        for path, entry in there.items()
        if path != LABELS_TABLE
    ]
    missing = [_found(path, given._replace(refused=MISSING)) for path, given in table.items() if path not in there]
    return sorted([*found, _ignored(there[LABELS_TABLE]), *missing], key=lambda file: file.path)


def _walk(source: Path) -> Iterator[Entry]:
    for folder, folders, files in os.walk(source, followlinks=False, onerror=_refuse):
        relative = Path(folder).relative_to(source)
        for name in files:
            yield Entry(PurePosixPath(relative / name), False)
        for name in folders:
            if (Path(folder) / name).is_symlink():
                yield Entry(PurePosixPath(relative / name), True)


def _refuse(error: OSError) -> None:
    raise UserError(f"{error.filename}: this folder of the source cannot be read ({error.strerror}). Allow it.")


def _found(path: str, given: Given, link: bool = False) -> Found:
    return Found(path, given.label, False, link, given.part, given.refused)


def _ignored(entry: Entry) -> Found:
    return Found(str(entry.path), None, True, entry.link)


def _is_system(path: PurePosixPath) -> bool:
    """Tell whether a path is hidden, or left behind by an operating system."""
    return any(name.startswith(".") or name.lower() in SYSTEM_FILES | SYSTEM_FOLDERS for name in path.parts)
