"""Locks that let one process at a time do a piece of work, even if the parent of the other one is gone."""

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def exclusively(lock: Path, work: str) -> Iterator[None]:
    """Wait until no other process holds the same `lock`; if one does, say for `work` which process that is.

    While a process works, the file `lock` exists with its process id. A process that dies releases the lock: what
    counts is the lock that the system holds on the file (flock), not the file itself.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    handle = _acquire(lock, work)
    try:
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield
    finally:
        lock.unlink(missing_ok=True)  # while locked, so that the next process's file is not removed
        os.close(handle)


def _acquire(lock: Path, work: str) -> int:
    while True:
        handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            _wait(handle, work)
        except BaseException:
            os.close(handle)
            raise
        if _is_at(lock, handle):
            return handle
        os.close(handle)  # its last owner removed the file, so this lock would exclude nobody


def _wait(handle: int, work: str) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        logging.warning("%s: %s", work, _explain(os.pread(handle, 20, 0).decode()))
        fcntl.flock(handle, fcntl.LOCK_EX)


def _explain(number: str) -> str:
    if not number:  # it is just starting or ending
        return "another process is doing the same work; waiting until it ends."
    return (
        f"process {number} is doing the same work, perhaps since a `dvc repro` was killed but its stage was not; "
        f"waiting until it ends. `kill {number}` stops it; its work is kept, and this process continues from there."
    )


def _is_at(lock: Path, handle: int) -> bool:
    """Return whether the open file is still the one with that name."""
    try:
        return os.path.samestat(os.fstat(handle), lock.stat())
    except FileNotFoundError:
        return False
