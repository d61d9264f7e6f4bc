"""Libraries that write past Python: in processes of their own, since a descriptor belongs to a whole process."""

import subprocess
import sys
from pathlib import Path

import pytest

NOISE = "red letters of a library"
# Writes to the descriptor, as C++ does, before and after a line of Python's.
BEGIN = f"""
import logging, os, signal, sys
from pathlib import Path
from pixelproof import console
from pixelproof.errors import UserError
from pixelproof.native_output import keep_native_output

def work():
    keep_native_output(Path("logs/stage.log"))
    os.write(2, b"{NOISE}\\n")
    print("ours", file=sys.stderr)
    logging.info("logged")
    os.system("echo {NOISE} of a program >&2")
    end()
"""
SILENT = """
import os, signal, sys
from pathlib import Path
from pixelproof.native_output import keep_native_output
keep_native_output(Path("stage.log"))
print("ours", file=sys.stderr)
os.kill(os.getpid(), signal.SIGKILL)
"""


def run(folder: Path, end: str) -> subprocess.CompletedProcess[str]:
    program = f"{BEGIN}\ndef end():\n    {end}\nconsole.run(work)\n"
    return subprocess.run([sys.executable, "-c", program], cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("end", "status", "said"),
    [
        ("pass", 0, ""),
        ("raise UserError('photos: there are none')", 1, "error: photos: there are none\n"),
        ("raise KeyboardInterrupt", 130, "stopped by Ctrl-C; no output is half-written\n"),
        ("sys.exit(3)", 3, ""),
    ],
)
def test_what_is_not_pythons_stays_off_the_terminal(tmp_path: Path, end: str, status: int, said: str) -> None:
    """Else every stage would begin with lines that alarm and say nothing."""
    done = run(tmp_path, end)
    assert (done.returncode, done.stderr) == (status, f"ours\nlogged\n{said}")
    assert (tmp_path / "logs/stage.log").read_text() == f"{NOISE}\n{NOISE} of a program\n"


@pytest.mark.parametrize("name", ["SIGILL", "SIGSEGV", "SIGABRT", "SIGKILL", "SIGBUS"])
def test_a_crash_shows_what_the_libraries_said(tmp_path: Path, name: str) -> None:
    """Else a processor without an instruction, or a lack of memory, would end a stage without a word of the reason."""
    done = run(tmp_path, f"os.kill(os.getpid(), signal.{name})")
    assert done.returncode < 0
    assert done.stderr.startswith("ours\nlogged\n")
    assert f"{NOISE}\n" in done.stderr
    assert "logs/stage.log" in done.stderr


def test_a_crash_of_which_the_libraries_said_nothing_adds_no_line(tmp_path: Path) -> None:
    """Else whoever kills a training would read a heading with nothing below it."""
    done = subprocess.run([sys.executable, "-c", SILENT], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (tmp_path / "stage.log").read_text() == ""
    assert (done.returncode, done.stderr) == (-9, "ours\n")


def test_an_exception_that_nobody_catches_shows_it_beside_its_traceback(tmp_path: Path) -> None:
    """Else what a library said of the reason would be missing from the report of a bug."""
    done = run(tmp_path, "raise ZeroDivisionError")
    assert done.returncode == 1
    assert "ZeroDivisionError" in done.stderr
    assert f"{NOISE}\n" in done.stderr


def test_a_line_is_seen_at_once(tmp_path: Path) -> None:
    """Else a bar or a message would appear when the stage is over, or be lost when it is killed."""
    program = f"{BEGIN}\ndef end():\n    sys.stdin.read()\nconsole.run(work)\n"
    command = [sys.executable, "-c", program]
    pipes = {"stdin": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, cwd=tmp_path, text=True, **pipes) as process:  # type: ignore[call-overload]
        assert [process.stderr.readline(), process.stderr.readline()] == ["ours\n", "logged\n"]
        assert process.poll() is None
        process.stdin.close()


def test_a_second_start_writes_the_log_anew(tmp_path: Path) -> None:
    """Else the logs would grow with every run."""
    for _ in range(2):
        run(tmp_path, "pass")
    assert (tmp_path / "logs/stage.log").read_text().count(NOISE) == 2
