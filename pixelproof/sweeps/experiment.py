"""A running DVC experiment: its status, stopping all its processes, and why it failed."""

import os
import signal
import subprocess
from pathlib import Path

import psutil

GRACE = 30  # seconds that a training run gets to stop by itself


class Experiment:
    """A running experiment, as a group of processes."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log

    def status(self, seconds: float) -> int | None:
        """Wait at most `seconds` for the end; return the exit status, or None while it runs."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def stop(self) -> None:
        """Terminate all its processes; kill those that do not stop."""
        members = _group(self._process.pid)
        for number in (signal.SIGTERM, signal.SIGKILL):
            for member in members:
                _send(member, number)
            _, members = psutil.wait_procs(members, timeout=GRACE)
        self._process.wait()

    def reason(self) -> str:
        """Return why it failed: the stage's own message, else the last line of its log."""
        lines = self._log.read_text("utf-8", errors="replace").split("\n")
        said = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
        return said[0] if said else next((line for line in reversed(lines) if line.strip()), "the log is empty")


def stop_orphans(folder: Path) -> None:
    """Kill processes that still run in clones below `folder` after their sweep was killed."""
    orphans = [process for process in psutil.process_iter() if _works_in(process, folder.resolve())]
    for orphan in orphans:
        _send(orphan, signal.SIGKILL)
    psutil.wait_procs(orphans, timeout=GRACE)


def _group(leader: int) -> list[psutil.Process]:
    """Return the processes of the leader's session."""
    return [process for process in psutil.process_iter() if _session(process.pid) == leader]


def _session(pid: int) -> int | None:
    try:
        return os.getsid(pid)
    except (ProcessLookupError, PermissionError):
        return None


def _works_in(process: psutil.Process, folder: Path) -> bool:
    try:
        return Path(process.cwd()).is_relative_to(folder)
    except (psutil.Error, OSError):
        return False


def _send(process: psutil.Process, number: signal.Signals) -> None:
    try:
        process.send_signal(number)
    except psutil.Error:  # it has ended
        return
