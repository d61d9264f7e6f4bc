"""Locks that a process which is gone has left behind."""

import fcntl
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path

import psutil

from pixelproof.doctor.finding import Finding, well, wrong
from pixelproof.paths import WORK
from pixelproof.repository import git

DVC_LOCK, RWLOCK = Path(".dvc/tmp/lock"), Path(".dvc/tmp/rwlock")
PAUSE = 0.5  # seconds; Git holds its own lock for milliseconds
OUTPUTS = ("data", "models", "reports")
DEPTHS = ("", "*/")  # where outputs lie in a folder; below are photos, perhaps a million


def locks() -> Iterator[Finding]:
    found = [*_git_lock(), *_dvc_lock(), *_rwlock(), *_own_locks()]
    yield from found
    if not found:
        yield well("locks", "none that a dead process left")


def _git_lock() -> Iterator[Finding]:
    path = Path(git.ask("rev-parse", "--git-path", "index.lock") or ".git/index.lock")
    before = _identity(path)
    if before is None:
        return
    time.sleep(PAUSE)
    if _identity(path) == before:
        remedy = f"End what uses Git here (an editor, another terminal); if nothing does: `rm {path}`."
        yield wrong("locks", f"{path}: Git refuses to commit while it is there", remedy)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns


def _dvc_lock() -> Iterator[Finding]:
    """Find what DVC locks with under `core.hardlink_lock`: a file with a claim's path, which stays after a kill.

    Its usual lock ends with its process, whatever lies there.
    """
    claim = (_text(DVC_LOCK) or "").strip()
    if claim.endswith(".lock") and not _dvc_runs():
        yield wrong("locks", f"{DVC_LOCK}: DVC waits for it, and no DVC is running", f"`rm {DVC_LOCK}`")


def _dvc_runs() -> bool:
    commands = (process.info["cmdline"] or [] for process in psutil.process_iter(["cmdline"]))
    return any(Path(part).name == "dvc" for command in commands for part in command[:3])


def _rwlock() -> Iterator[Finding]:
    text = _text(RWLOCK)
    if not text:
        return
    try:
        numbers = {int(each["pid"]) for each in _holders(json.loads(text))}
    except (ValueError, KeyError, TypeError, AttributeError):
        yield wrong("locks", f"{RWLOCK} is damaged, and DVC refuses to work", f"`rm {RWLOCK}`")
        return
    dead = sorted(number for number in numbers if not psutil.pid_exists(number))
    if dead:
        what = f"{RWLOCK}: of DVC's process {', '.join(map(str, dead))}, which is gone"
        yield wrong("locks", what, f"If no other DVC runs here: `rm {RWLOCK}`.")


def _holders(content: dict[str, dict[str, object]]) -> Iterator[dict[str, str]]:
    """Yield the processes in DVC's rwlock: one that writes each path, any number that read it."""
    for kind in ("read", "write"):
        for holders in content.get(kind, {}).values():
            yield from holders if isinstance(holders, list) else [holders]  # type: ignore[misc]  # JSON has no types


def _own_locks() -> Iterator[Finding]:
    beside = (path for folder in OUTPUTS for depth in DEPTHS for path in Path(folder).glob(f"{depth}.*.lock"))
    for path in sorted([*WORK.glob("*.lock"), *beside]):
        if not is_held(path):
            what = f"{path}: its process was killed; the next one does not wait for it"
            yield wrong("locks", what, f"`rm {path}`")


def is_held(path: Path) -> bool:
    """Tell whether a process holds the lock of a file (flock), as pixelproof.files.exclusive and DVC take it."""
    try:
        handle = os.open(path, os.O_RDWR)
    except OSError:
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def _text(path: Path) -> str | None:
    try:
        return path.read_text("utf-8", errors="replace")
    except OSError:
        return None
