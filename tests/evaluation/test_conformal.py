"""Sets of possible classes hold the true one as often as promised."""

import numpy as np
import pytest

from pixelproof.evaluation.conformal import least_probability, set_metrics
from pixelproof.evaluation.metrics import Answers
from pixelproof.evaluation.uncertainty import possible
from tests.support.answered import simulated


def test_the_threshold_by_hand() -> None:
    """Nine photos and 80 %: the eighth of ten places, (9 + 1) x 0.8, so that one photo in nine lies below."""
    true = np.array([0.9, 0.1, 0.2, 0.8, 0.7, 0.3, 0.6, 0.4, 0.5])
    shares = np.column_stack([1 - true, true])
    assert least_probability(shares, np.ones(9, int), 0.8) == pytest.approx(0.2)


def test_a_part_that_is_too_small_promises_by_calling_every_class_possible() -> None:
    """Else nine photos would promise 95 %, which only 19 can."""
    shares = np.full((9, 2), 0.5)
    assert least_probability(shares, np.zeros(9, int), 0.95) == 0
    assert possible(shares, 0.0).all()


@pytest.mark.parametrize("coverage", [0.8, 0.9, 0.95])
@pytest.mark.parametrize("sharpness", [0.5, 1.0, 3.0])
def test_the_promise_is_kept_whether_or_not_the_model_is_calibrated(coverage: float, sharpness: float) -> None:
    """Else "unsure" would mean nothing: 300 validation and test parts; the mean coverage is that promised."""
    held = []
    for seed in range(300):
        own = simulated(600, seed, sharpness=sharpness, signal=1.2)
        least = least_probability(own.probabilities[:300], own.labels[:300], coverage)
        sets = possible(own.probabilities[300:], least)
        held.append(sets[np.arange(300), own.labels[300:]].mean())
    assert coverage - 0.005 <= np.mean(held) <= coverage + 1 / 301 + 0.005


def test_at_ninety_percent_simulated_photos_are_covered_by_88_to_92() -> None:
    """The issue's own measure, on 20,000 photos."""
    own = simulated(40_000, 3, signal=1.2)
    half = Answers(own.probabilities[20_000:], own.labels[20_000:], np.arange(20_000))
    least = least_probability(own.probabilities[:20_000], own.labels[:20_000], 0.9)
    found = set_metrics(half, least, confidence=0.95)
    assert 0.88 <= found["set_coverage"] <= 0.92
    assert found["set_coverage_low"] < found["set_coverage"] < found["set_coverage_high"]
    assert found["set_one"] + found["set_several"] + found["set_none"] == pytest.approx(1)
    assert found["set_several"] > 0.1
