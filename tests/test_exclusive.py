"""One process at a time at a piece of work."""

import logging
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import pytest

from pixelproof.files import journal
from pixelproof.files.exclusive import exclusively

HOLD = """
import sys, time
from pathlib import Path
from pixelproof.files.exclusive import exclusively
with exclusively(Path(sys.argv[1]), "work"):
    print("in", flush=True)
    sys.stdin.read()
"""


@contextmanager
def holder(lock: Path) -> Iterator["subprocess.Popen[str]"]:
    """Yield another process that works until it is told to stop."""
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", HOLD, str(lock)], text=True, **pipes) as process:
        assert process.stdout
        assert process.stdout.readline() == "in\n"
        yield process


class Warned(logging.Handler):
    """Knows when somebody has been told to wait, and in which words."""

    def __init__(self) -> None:
        super().__init__()
        self.told, self.text = Event(), ""

    def emit(self, record: logging.LogRecord) -> None:
        self.text = record.getMessage()
        self.told.set()


@pytest.fixture
def warned() -> Iterator[Warned]:
    handler = Warned()
    logging.getLogger().addHandler(handler)
    yield handler
    logging.getLogger().removeHandler(handler)


def test_the_second_says_which_process_it_waits_for_and_then_goes_on(tmp_path: Path, warned: Warned) -> None:
    """Else two would write the same files, or the second would hang without a word."""
    lock = tmp_path / "new/lock"

    def second() -> str:
        with exclusively(lock, "train mlp"):
            return lock.read_text()

    with holder(lock) as first, ThreadPoolExecutor() as pool:
        waiting = pool.submit(second)
        assert warned.told.wait(60)
        assert warned.text.startswith(f"train mlp: process {first.pid} is doing the same work")
        assert f"`kill {first.pid}`" in warned.text
        assert not waiting.done()
        first.communicate()
        assert waiting.result(60) == str(os.getpid())
    assert list(lock.parent.iterdir()) == []


def test_the_death_of_a_process_lets_the_next_one_in(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Else a power failure would leave a file that somebody has to find and delete."""
    with holder(tmp_path / "lock") as first:
        first.send_signal(signal.SIGKILL)
    assert (tmp_path / "lock").exists()
    with exclusively(tmp_path / "lock", "work"):
        assert (tmp_path / "lock").read_text() == str(os.getpid())
    assert caplog.text == ""


def test_of_many_that_wait_one_is_in_at_a_time(tmp_path: Path) -> None:
    """Else one that waited for a lock whose file was removed would be in together with the owner of the new file."""
    inside: list[int] = []

    def work(number: int) -> bool:
        with exclusively(tmp_path / "lock", "work"):
            inside.append(number)
            alone = inside == [number]
            inside.remove(number)
            return alone

    with ThreadPoolExecutor(16) as pool:
        assert all(pool.map(work, range(300)))
    assert list(tmp_path.iterdir()) == []


def test_a_stage_with_a_journal_waits_for_one_that_is_left_over(tmp_path: Path, warned: Warned) -> None:
    """Else it would remove the folder that the other one is writing into."""

    def make(words: str) -> str:
        with journal.continuing(tmp_path / "out", "other work") as (folder, _):
            folder.write_text(words)
        return (tmp_path / "out").read_text()

    with ThreadPoolExecutor() as pool:
        with journal.continuing(tmp_path / "out", "work") as (folder, _):
            waiting = pool.submit(make, "second")
            assert warned.told.wait(60)
            folder.write_text("first")
            assert warned.text.startswith(f"{tmp_path / 'out'}: process {os.getpid()} is doing the same work")
        assert waiting.result(60) == "second"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
