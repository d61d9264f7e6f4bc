"""What a person sees on the terminal."""

import logging
import signal
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixelproof import console
from pixelproof.errors import Interrupted, UserError


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """Put back what `run` sets up for a whole process."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    root.handlers[:] = []  # else `run` would close pytest's own
    yield
    root.handlers[:], root.level = handlers, level


def test_a_users_mistake_is_one_message_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    """Else a mistake would look like a crash, or pass for success in a script."""

    def work() -> None:
        raise UserError("data/raw: there are no photos")

    with pytest.raises(SystemExit) as ended:
        console.run(work)
    seen = capsys.readouterr()
    assert ended.value.code == 1
    assert seen.err == "error: data/raw: there are no photos\n"
    assert seen.out == ""


def test_a_percent_sign_in_a_message_is_shown_as_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    """Else a folder named `100%s` would end in a traceback of the logging module."""

    def work() -> None:
        raise UserError("data/100%s %d: no photos")

    with pytest.raises(SystemExit):
        console.run(work)
    assert "data/100%s %d: no photos" in capsys.readouterr().err


def test_any_other_exception_keeps_its_traceback() -> None:
    """Else a bug of ours would be told as the user's mistake."""

    def work() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        console.run(work)


def test_work_that_succeeds_returns_and_its_messages_show(capsys: pytest.CaptureFixture[str]) -> None:
    """Else a stage would be silent, or always fail."""
    console.run(lambda: logging.getLogger("stages.x").info("%d photos", 3))
    assert capsys.readouterr().err == "3 photos\n"


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_ends_a_program_with_the_status_that_shells_give(
    number: int, status: int, capsys: pytest.CaptureFixture[str]
) -> None:
    """Else DVC, or a cluster, would take a stopped training for a finished or a broken one."""

    def work() -> None:
        raise Interrupted("train cnn: stopped", number)

    with pytest.raises(SystemExit) as ended:
        console.run(work)
    assert ended.value.code == status
    assert capsys.readouterr().err == "train cnn: stopped\n"


@pytest.mark.parametrize("library", sorted(console.CHATTY))
def test_of_chatty_libraries_only_errors_show(
    library: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else our messages would drown, or a real error would be hidden."""

    def work() -> None:
        logging.getLogger(f"{library}.inner").warning("a note")
        logging.getLogger(f"{library}.inner").error("an error")

    monkeypatch.setattr(logging.getLogger(library), "handlers", [])  # what MLflow adds, if a test has loaded it
    monkeypatch.setattr(logging.getLogger(library), "propagate", True)
    console.run(work)
    err = capsys.readouterr().err
    assert "a note" not in err
    assert "an error" in err


@settings(max_examples=20)
@given(items=st.lists(st.integers(), max_size=30))
def test_progress_yields_every_item_in_order(items: list[int]) -> None:
    """Else a stage would leave photos out."""
    assert list(console.progress(iter(items), "work", len(items))) == items


def test_progress_draws_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    """Else the bar would be mixed into the output of a command that someone pipes on."""
    assert list(console.progress("ab", "reading photos", 2)) == ["a", "b"]
    seen = capsys.readouterr()
    assert "reading photos" in seen.err
    assert "2/2" in seen.err
    assert seen.out == ""


def test_progress_lets_an_exception_through() -> None:
    """Else a stage that failed would seem to have finished."""

    def items() -> Iterator[int]:
        yield 1
        raise UserError("broken")

    with pytest.raises(UserError, match="broken"):
        list(console.progress(items(), "work", 2))


@pytest.mark.parametrize("total", [3_000_000, None])
def test_a_transfer_shows_bytes_on_standard_error(total: int | None, capsys: pytest.CaptureFixture[str]) -> None:
    """Else a download of minutes would look like a program that hangs; a server may not tell the size."""
    with console.transfer("photos.zip", total, done=1_000_000) as advance:
        advance(500_000)
    seen = capsys.readouterr()
    assert "photos.zip" in seen.err
    assert "1.5/3.0 MB" in seen.err or total is None
    assert seen.out == ""


def test_a_bar_of_a_training_shows_nothing_without_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """Else a log file would hold a bar beside the line that each epoch has."""
    with console.training_bar("train cnn", 100, 0) as show:
        show(50, "epoch 1/2")
    assert capsys.readouterr().err == ""
