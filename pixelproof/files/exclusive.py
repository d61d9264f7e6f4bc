"""One process at a time at a piece of work, also where the program that began the other one is gone."""

import fcntl
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def exclusively(lock: Path, work: str) -> Iterator[None]:
    """Wait until no other process is in here with the same `lock`, and say which one it is that `work` waits for.

    `lock` is a file that is there, with the process's number in it, as long as one works. The death of a process lets
    go, too: what counts is that the system holds the file locked (flock), not that there is one.
    """
    lock.parent.mkdir(parents=True, exist_ok=True)
    handle = _acquire(lock, work)
    try:
        os.ftruncate(handle, 0)
        os.pwrite(handle, str(os.getpid()).encode(), 0)
        yield
    finally:
        lock.unlink(missing_ok=True)  # while it is locked: the file of the next one stays
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
        os.close(handle)  # whoever had it has removed it: this lock would keep nobody out


def _wait(handle: int, work: str) -> None:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        logging.warning("%s: %s", work, _explain(os.pread(handle, 20, 0).decode()))
        fcntl.flock(handle, fcntl.LOCK_EX)


def _explain(number: str) -> str:
    if not number:  # it is just beginning, or ending
        return "another process is at the same work; waiting until it ends."
    return (
        f"process {number} is at the same work, as after a `dvc repro` that was killed while its stage lived on; "
        f"waiting until it ends. `kill {number}` stops it, with what it has done kept, and this one goes on there."
    )


def _is_at(lock: Path, handle: int) -> bool:
    """Tell whether the open file is the one that has the name now."""
    try:
        return os.path.samestat(os.fstat(handle), lock.stat())
    except FileNotFoundError:
        return False
