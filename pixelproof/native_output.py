"""What libraries in C++ write past Python to standard error: in a file, and on the terminal only if the process dies.

TensorFlow writes a dozen lines while it is loaded and while it looks for devices, among them a red "CUDA error" where
there is no GPU. None of its settings silences them all.
"""

import atexit
import faulthandler
import logging
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import TextIO

DESCRIPTOR = 2
# `dismiss` writes a line, which ends it in silence; where the process dies, the pipe is closed without one.
WATCH = 'read -r ended || [ ! -s "$1" ] || { echo "What its libraries said ($1):"; cat -- "$1"; } >&2'


def keep_native_output(log: Path) -> None:
    """From now on let file descriptor 2 be `log`, and let Python write where it was before.

    Programs that this process starts write to `log` as well. It is shown if a signal or an exception that nobody
    catches ends the process. One whose standard error is not the descriptor, as that of a test, is left as it is, and
    so is one that may not write `log`.
    """
    if not _is_standard_error(sys.stderr):
        return
    with suppress(OSError):
        log.parent.mkdir(parents=True, exist_ok=True)
        _redirect_to(log)


def _redirect_to(log: Path) -> None:
    with log.open("wb") as file:
        _dismiss_at_exit(_start_watching(log.resolve()))
        sys.stderr.flush()
        terminal = os.fdopen(os.dup(DESCRIPTOR), "w", 1, sys.stderr.encoding, sys.stderr.errors)
        os.dup2(file.fileno(), DESCRIPTOR)
    _write_to(terminal)


def _is_standard_error(stream: TextIO | None) -> bool:
    with suppress(OSError, ValueError, AttributeError):
        return stream is not None and stream.fileno() == DESCRIPTOR
    return False


def _write_to(terminal: TextIO) -> None:
    for handler in logging.getLogger().handlers:
        if isinstance(handler, logging.StreamHandler) and handler.stream is sys.stderr:
            handler.setStream(terminal)
    sys.stderr = terminal
    faulthandler.enable(terminal)


def _start_watching(log: Path) -> subprocess.Popen[bytes]:
    """Start a shell that shows the log once this process is gone: a crash leaves it no time to do so itself."""
    return subprocess.Popen(["sh", "-c", WATCH, "sh", str(log)], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)


def _dismiss_at_exit(watcher: subprocess.Popen[bytes]) -> None:
    """Let the watcher end in silence with this process, unless an exception that nobody catches ends it."""

    def dismiss() -> None:
        with suppress(OSError):  # a signal to all processes of the terminal may have ended it
            watcher.communicate(b"ended\n")

    def keep(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        atexit.unregister(dismiss)
        before(kind, error, trace)

    before, sys.excepthook = sys.excepthook, keep
    atexit.register(dismiss)
