"""Which files a source holds, and which class and part each belongs to. Reads names only; never writes."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pixelproof.data.labels import Given, given_by_folders, gives_parts
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


def scan(source: Path) -> list[Found]:
    """List every file below `source`, in order of path. Raises UserError if that is no folder."""
    check_source(source)
    entries = sorted(_walk(source), key=lambda entry: str(entry[0]))
    visible = [(path, link) for path, link in entries if not is_system(path)]
    parted = gives_parts(path.parts[0] for path, link in visible if link or len(path.parts) > 1)
    return [
        _found(path, link, given_by_folders(path, parted=parted, link=link))
        if not is_system(path)
        else Found(str(path), None, True, link)
        for path, link in entries
    ]


def _walk(source: Path) -> Iterator[tuple[PurePosixPath, bool]]:
    for folder, folders, files in os.walk(source, followlinks=False, onerror=_refuse):
        relative = Path(folder).relative_to(source)
        for name in files:
            yield PurePosixPath(relative / name), False
        for name in folders:
            if (Path(folder) / name).is_symlink():
                yield PurePosixPath(relative / name), True


def _refuse(error: OSError) -> None:
    raise UserError(f"{error.filename}: this folder of the source cannot be read ({error.strerror}). Allow it.")


def _found(path: PurePosixPath, link: bool, given: Given) -> Found:
    return Found(str(path), given.label, False, link, given.part, given.refused)


def is_system(path: PurePosixPath) -> bool:
    """Tell whether a path is hidden, or left behind by an operating system."""
    return any(name.startswith(".") or name.lower() in SYSTEM_FILES | SYSTEM_FOLDERS for name in path.parts)
