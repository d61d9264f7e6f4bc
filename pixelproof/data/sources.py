"""Which files a source holds, and which class each belongs to. Reads names only; never writes."""

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from pixelproof.errors import UserError

SYSTEM_FILES = {"thumbs.db", "desktop.ini", "ehthumbs.db", "icon\r"}
SYSTEM_FOLDERS = {"__macosx", "@eadir"}


@dataclass(frozen=True)
class Found:
    """A file of the source; `path` is relative to it, with forward slashes."""

    path: str
    label: str | None  # the class folder; None for a file that lies beside the class folders
    ignored: bool  # hidden, or left there by an operating system
    linked_folder: bool = False


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
    return sorted((_found(path, link) for path, link in _walk(source)), key=lambda found: found.path)


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


def _found(path: PurePosixPath, link: bool) -> Found:
    label = path.parts[0] if len(path.parts) > 1 or link else None
    return Found(str(path), label, any(map(_is_system, path.parts)), link)


def _is_system(name: str) -> bool:
    return name.startswith(".") or name.lower() in SYSTEM_FILES | SYSTEM_FOLDERS
