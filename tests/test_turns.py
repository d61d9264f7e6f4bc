"""Contenders of a benchmark."""

import os
from functools import partial

import pytest

from benchmarks.turns import Epoch, best_rates


def slow_start(first: float, *later: float) -> Epoch:
    """A contender with these rates, epoch by epoch; it fails where another works in the same process."""
    assert os.environ.setdefault("CONTENDER", str(later)) == str(later)
    return lambda epoch: (first, *later)[epoch]


@pytest.mark.slow
def test_the_best_counted_round_of_each_contender_is_told() -> None:
    """Else a first epoch, or a contender's neighbour in the same process, would decide a comparison."""
    contenders = {"one": partial(slow_start, 99.0, 1.0, 3.0, 2.0), "other": partial(slow_start, 0.5, 5.0, 4.0, 4.0)}
    assert best_rates(contenders, rounds=3) == {"one": 3.0, "other": 5.0}
