"""Contenders that take turns, so that a busy moment of the machine does not affect only one of them."""

import multiprocessing
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from typing import TypeVar

Name = TypeVar("Name", bound=Hashable)
Epoch = Callable[[int], float]  # does the work of epoch n, counted from 0; returns its rate

_epochs: list[Epoch] = []  # in a contender's process: its own


def best_rates(contenders: Mapping[Name, Callable[[], Epoch]], rounds: int) -> dict[Name, float]:
    """Return the best rate of each contender; each is built and runs in its own process.

    Their first epoch, which fills caches and starts threads, does not count.
    """
    with ExitStack() as stack:
        spawn = multiprocessing.get_context("spawn")
        processes = {
            name: stack.enter_context(ProcessPoolExecutor(1, spawn, initializer=_build, initargs=(build,)))
            for name, build in contenders.items()
        }
        rates = [
            {name: process.submit(_run, epoch).result() for name, process in processes.items()}
            for epoch in range(1 + rounds)
        ]
    return {name: max(each[name] for each in rates[1:]) for name in contenders}


def _build(build: Callable[[], Epoch]) -> None:
    _epochs.append(build())


def _run(epoch: int) -> float:
    return _epochs[0](epoch)
