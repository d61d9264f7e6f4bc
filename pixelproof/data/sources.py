"""Which files a source holds, and which class and part each belongs to. Reads names only; never writes."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pixelproof.data.labels import Entry, Given, Layout
from pixelproof.errors import UserError

SYSTEM_FILES = {"thumbs.db", "desktop.ini", "ehthumbs.db", "icon\r"}
SYSTEM_FOLDERS = {"__macosx", "@eadir"}


@dataclass(frozen=True)
class Found:
    """A file of the source; `path` is relative to it, with forward slashes."""

    path: str
    label: str | None  # None for a file without one; `refused` says why
    ignored: bool  # hidden, or left there by an operating system
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

    `pattern` is a regular expression with a group `label`, which then decides instead of the class folders.
    Raises UserError if the source is no folder, or cannot be read.
    """
    check_source(source)
    entries = sorted(_walk(source), key=lambda entry: str(entry.path))
    layout = Layout.of([entry for entry in entries if not _is_system(entry.path)], pattern)
    return [
        Found(str(entry.path), None, True, entry.link) if _is_system(entry.path) else _found(entry, layout.given(entry))
        for entry in entries
    ]


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


def _found(entry: Entry, given: Given) -> Found:
    return Found(str(entry.path), given.label, False, entry.link, given.part, given.refused)


def _is_system(path: PurePosixPath) -> bool:
    """Tell whether a path is hidden, or left behind by an operating system."""
    return any(name.startswith(".") or name.lower() in SYSTEM_FILES | SYSTEM_FOLDERS for name in path.parts)
