"""Signals are noted at once and obeyed where nothing is half done."""

import os
import signal
from collections.abc import Iterator

import pytest

from pixelproof.errors import Interrupted
from pixelproof.training.interruption import SIGNALS, Interruption


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_waits_for_the_check(number: signal.Signals) -> None:
    """Else a batch could be cut in the middle, and its half step would be saved."""
    with Interruption() as interruption:
        interruption.check()
        os.kill(os.getpid(), number)
        with pytest.raises(Interrupted, match=f"stopped by {number.name}") as stopped:
            interruption.check()
    assert stopped.value.number == number


@pytest.fixture
def heeded() -> Iterator[None]:
    """Ctrl-C works, also where a script began the tests by `&`, and so without it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeded")
def test_a_second_ctrl_c_stops_at_once() -> None:
    """Else who is in a hurry could not stop a batch that takes minutes."""
    with Interruption(), pytest.raises(KeyboardInterrupt) as stopped:  # noqa: PT012
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)
    assert not isinstance(stopped.value, Interrupted)


def test_afterwards_signals_do_what_they_did_before() -> None:
    """Else Ctrl-C would do nothing while the model is logged."""
    before = [signal.getsignal(number) for number in SIGNALS]
    with Interruption():
        assert [signal.getsignal(number) for number in SIGNALS] != before
    assert [signal.getsignal(number) for number in SIGNALS] == before


def test_items_end_where_the_signal_came() -> None:
    """Else a signal would have to wait for the whole validation."""
    seen: list[int] = []
    with Interruption() as interruption, pytest.raises(Interrupted):  # noqa: PT012
        for item in interruption.checking(range(5)):
            seen.append(item)
            if item == 2:
                os.kill(os.getpid(), signal.SIGINT)
    assert seen == [0, 1, 2]
