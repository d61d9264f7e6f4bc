"""Files: written atomically, beside and then renamed; locks; reading and writing JSON."""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pixelproof.errors import UserError


def remove(path: Path) -> None:
    """Remove a file or a folder with its content, if it exists."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Yield a free path beside `path`; the file or folder written there replaces `path` at the end.

    After an exception the old content of `path` stays and the new one is removed. After a kill the unfinished one
    stays beside `path`, under a name that starts with a dot, until the next run removes it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.partial")
    remove(beside)
    try:
        yield beside
    except BaseException:
        remove(beside)
        raise
    move_into_place(beside, path)


def move_into_place(beside: Path, path: Path) -> None:
    """Rename `beside`, a file or a folder, to `path`, replacing whatever is there."""
    if path.is_dir() or beside.is_dir():  # a rename cannot replace a file or a non-empty folder by a folder
        remove(path)
    beside.replace(path)


def sync(path: Path) -> None:
    """Wait until a file, or a folder's listing, is on the disk, so that a power failure cannot lose it."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def locked(folder: Path, *, wait: bool = True) -> Iterator[None]:
    """Hold a lock on the folder, once no other process holds it. A process that dies releases its lock.

    Raises BlockingIOError immediately if `wait` is false and another process holds it.
    """
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    finally:
        os.close(handle)


def write_text(path: Path, text: str) -> None:
    with replacing(path) as beside:
        beside.write_text(text, encoding="utf-8")


def read_json(path: Path) -> Any:
    """Return the content of a JSON file. Raises UserError if it is not valid JSON, as after a merge conflict."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: not valid JSON: {error}. Run `dvc repro`.") from None


def write_json(path: Path, content: object) -> None:
    """Write `content` as JSON for people and `git diff`: indented, in the order given."""
    write_text(path, json.dumps(content, indent=2, ensure_ascii=False) + "\n")
