"""Waiting for what another process brings about."""

import subprocess
import time
from collections.abc import Callable
from typing import Any

LIMIT = 1500  # seconds; two cores that nobody else uses need a tenth for anything that is waited for


def wait_until(
    happened: Callable[[], object],
    process: "subprocess.Popen[Any] | None" = None,
    *,
    seconds: float = LIMIT,
    pause: float = 0.1,
) -> None:
    """Return once `happened` is true; fail after so many seconds, or once the process has ended without it."""
    until = time.monotonic() + seconds
    while not happened():
        if process and process.poll() is not None and not happened():
            raise AssertionError(f"it ended with status {process.returncode} before that: {_said(process)}")
        assert time.monotonic() < until, f"not within {seconds} seconds"
        time.sleep(pause)


def _said(process: "subprocess.Popen[Any]") -> str:
    return str(process.communicate()[0]) if process.stdout else "its output was not kept"
