"""The learning-rate range test."""

from collections.abc import Callable, Iterator
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixelproof.errors import UserError
from pixelproof.experiments.learning_rate import (
    RangeTestStep,
    as_table,
    draw,
    exponential_rates,
    run_test,
    suggest,
    write_results,
)
from pixelproof.network.mlp.mlp import MlpLearner
from pixelproof.network.rates import Rate
from pixelproof.params.mlp import Mlp
from pixelproof.params.train import Train
from pixelproof.training.feed import Batch

LABELS = np.arange(16) % 2  # dark, light
IMAGES = np.random.default_rng(0).integers(0, 200, (16, 4, 4, 1), dtype=np.uint8)
IMAGES += (LABELS * 55).astype(np.uint8)[:, None, None, None]


class Valley:
    """A learner whose loss is a given function of the step."""

    def __init__(self, loss: Callable[[int], float]) -> None:
        self.rate: Rate = lambda step: 0.0
        self.loss = loss
        self.steps = 0

    def train_batch(self, images: Any, labels: Any) -> tuple[float, float]:
        self.steps += 1
        return self.loss(self.steps - 1), 0.5


def batches() -> Iterator[Batch]:
    while True:
        yield Batch(IMAGES, LABELS)


@given(low=st.floats(1e-8, 1e-3), factor=st.floats(2, 1e6), steps=st.integers(2, 500))
def test_the_rates_go_from_low_to_high_by_one_factor(low: float, factor: float, steps: int) -> None:
    """Else some decades would hardly be tried."""
    rate = exponential_rates(low, low * factor, steps)
    seen = np.array([rate(step) for step in range(steps)])
    np.testing.assert_allclose([seen[0], seen[-1]], [low, low * factor])
    np.testing.assert_allclose(np.diff(np.log(seen)), np.log(factor) / (steps - 1), rtol=1e-6)


def test_every_step_is_taken_at_its_rate() -> None:
    """Else the curve would show losses of other rates than it says."""
    learner, rate = Valley(lambda step: 1.0), exponential_rates(1e-4, 1.0, 20)
    points = list(run_test(learner, batches(), rate, 20))
    assert learner.rate is rate
    assert points == [RangeTestStep(rate(step), 1.0) for step in range(20)]


def test_it_stops_when_the_loss_explodes() -> None:
    """Else a user would wait for steps that say nothing, and the curve be one high wall."""
    learner = Valley(lambda step: 1.0 if step < 30 else 50.0)
    assert len(list(run_test(learner, batches(), exponential_rates(1e-4, 1.0, 100), 100))) == 31


def test_one_wild_batch_does_not_stop_it() -> None:
    """Else the test would end before the rates of interest."""
    learner = Valley(lambda step: 10.0 if step == 30 else 1.0)
    assert len(list(run_test(learner, batches(), exponential_rates(1e-4, 1.0, 100), 100))) == 100


@pytest.mark.parametrize("loss", [nan, float("inf")])
def test_it_stops_before_a_loss_that_is_no_number(loss: float) -> None:
    """Else such numbers would get into the table, and nothing could be drawn or suggested."""
    learner = Valley(lambda step: loss if step == 5 else 1.0)
    assert len(list(run_test(learner, batches(), exponential_rates(1e-4, 1.0, 100), 100))) == 5


@pytest.mark.parametrize("steepest", [40, 75, 110])
def test_the_steepest_fall_is_found_in_noise(steepest: int) -> None:
    """Else the suggestion would follow a single batch, or lag behind the fall."""
    noise = np.random.default_rng(0).normal(0, 0.02, 200)
    fall = [float(1 / (1 + np.exp((step - steepest) / 6)) + noise[step] + max(step - 150, 0)) for step in range(200)]
    rate = exponential_rates(1e-6, 10, 200)
    table = as_table([RangeTestStep(rate(step), loss) for step, loss in enumerate(fall)], 200)
    assert rate(steepest - 4) <= suggest(table) <= rate(steepest + 4)


@pytest.mark.parametrize("losses", [[], [1.0, 2.0], list(np.linspace(1, 3, 40))])
def test_where_the_loss_does_not_fall_nothing_is_suggested(losses: list[float]) -> None:
    """Else a rate would be suggested that learns nothing, or a traceback shown."""
    table = as_table([RangeTestStep(10.0**-place, loss) for place, loss in enumerate(losses)], 40)
    with pytest.raises(UserError, match=r"find-lr: the loss did not fall for long enough in \d+ steps.*--low"):
        suggest(table)


def test_the_results_are_a_table_and_a_picture(tmp_path: Path) -> None:
    """Else there would be nothing to look at, which is how the test is meant to be read."""
    table = as_table([RangeTestStep(10.0 ** (place / 10 - 5), 40.0 - place) for place in range(40)], 40)
    write_results(table, draw(table, 1e-3, "cnn"), tmp_path / "find-lr")
    found = pd.read_csv(tmp_path / "find-lr/curve.csv")
    assert list(found.columns) == ["step", "learning_rate", "loss", "smoothed_loss"]
    assert found["loss"].tolist() == table["loss"].tolist()
    assert (tmp_path / "find-lr/find-lr.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.slow
def test_the_rate_that_is_suggested_for_the_mlp_is_one_that_learns() -> None:
    """Else the command would be of no use: training at the suggestion must beat training at its first rate."""
    params = Mlp(hidden=[8], activation="relu", l2=0.0, learning_rate=0.1)

    def fresh() -> MlpLearner:
        return MlpLearner(params, Train(epochs=1, batch_size=16), 16, 2, steps_per_epoch=1, seed=7)

    table = as_table(list(run_test(fresh(), batches(), exponential_rates(1e-6, 100, 150), 150)), 150)
    after = {}
    for rate in (1e-6, suggest(table)):
        learner = fresh()
        learner.rate = lambda step, rate=rate: rate  # type: ignore[misc]
        after[rate] = [learner.train_batch(IMAGES, LABELS)[0] for _ in range(60)][-1]
    assert after[suggest(table)] < 0.7 * after[1e-6]
