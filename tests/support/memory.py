"""How much memory a program takes at most."""

import subprocess
import time
from pathlib import Path
from typing import IO

import psutil


def peak_memory(command: list[str], folder: Path, stderr: int | IO[str] = subprocess.DEVNULL) -> int:
    """Return the largest sum of the resident memory of a process and its children, in bytes.

    It looks often, and does not ask how much a program that ended had: Linux counts its parent's memory in.
    """
    process = psutil.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=stderr)
    peak = 0
    while process.poll() is None:
        peak = max(peak, resident(process))
        time.sleep(0.02)
    assert process.returncode == 0, command
    return peak


def resident(process: psutil.Process) -> int:
    total = 0
    for one in (process, *process.children(recursive=True)):
        try:
            total += one.memory_info().rss
        except psutil.NoSuchProcess:  # it ended since it was listed
            continue
    return total
