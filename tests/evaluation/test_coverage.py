"""Each interval holds the truth as often as it promises: 500 simulated test parts of 300 images, a class of 5 %."""

from collections import defaultdict
from functools import cache

import numpy as np
import pytest

from pixelproof.evaluation import metrics
from pixelproof.evaluation.calibration import calibration_error, calibration_interval
from pixelproof.evaluation.comparison import differences
from pixelproof.evaluation.metrics import Answers, metric_values, model_metrics, per_class, resampled
from pixelproof.evaluation.proportions import Proportions
from tests.support.answered import million, simulated, weaker

pytestmark = pytest.mark.slow  # half a minute on a busy machine

SETS, IMAGES, RESAMPLES = 500, 300, 300
NAMES = ("accuracy", "balanced_accuracy", "macro_precision", "macro_f1")
RESAMPLED = ("roc_auc", "average_precision", "log_loss", "brier")


@cache
def coverage() -> dict[str, float]:
    """Return the share of test parts whose interval holds the truth, for each metric and each difference."""
    truth, other = metric_values(million()), metric_values(weaker(million(), 1))
    truth |= {f"{name}_difference": truth[name] - other[name] for name in truth}
    held: dict[str, list[bool]] = defaultdict(list)
    for seed in range(SETS):
        own = simulated(IMAGES, seed)
        second = weaker(own, seed + SETS)
        samples, others = (resampled(each, seed=seed, resamples=RESAMPLES) for each in (own, second))
        found = model_metrics(own, samples, confidence=0.95) | differences(samples, others, IMAGES, confidence=0.95)
        for name, true in truth.items():
            held[name].append(found[f"{name}_low"] <= true <= found[f"{name}_high"])
    return {name: float(np.mean(each)) for name, each in held.items()}


@pytest.mark.parametrize("name", [*NAMES, *RESAMPLED, *(f"{name}_difference" for name in (*NAMES, *RESAMPLED))])
def test_a_metrics_interval_holds_the_truth(name: str) -> None:
    """Else the report would promise 95 % and keep less, or be so wide that nothing could be told."""
    assert 0.93 <= coverage()[name] <= 0.97


@cache
def rare() -> list[dict[str, float]]:
    """Return the row of the class of 5 %, of each test part."""
    tables = [per_class(simulated(IMAGES, seed), ["a", "b", "rare"], confidence=0.95) for seed in range(SETS)]
    return [table.iloc[2].to_dict() for table in tables]


@pytest.mark.parametrize("name", ["precision", "recall", "f1"])
def test_a_class_of_five_percent_has_its_interval(name: str) -> None:
    """Else the class with 15 test photos, of which one most wants to know, would look surer than it is."""
    true = float(per_class(million(), ["a", "b", "rare"], confidence=0.95)[name].iloc[2])
    held = [row[f"{name}_low"] <= true <= row[f"{name}_high"] for row in rare()]
    assert 0.93 <= np.mean(held) <= 0.98  # a proportion of 15 images has few values: Wilson's own coverage jumps


@pytest.mark.parametrize(("sharpness", "signal"), [(1.0, 2.0), (1.3, 1.5), (1.6, 2.0), (2.0, 1.5)])
def test_the_calibration_errors_interval_holds_the_truth(sharpness: float, signal: float) -> None:
    """Else a calibrated model, the first, would be called miscalibrated: its measured error is never 0."""
    whole = million(sharpness, signal)
    truth, held = calibration_error(whole.probabilities, whole.labels), []
    for seed in range(SETS):
        own = simulated(IMAGES, seed, sharpness=sharpness, signal=signal)
        low, high = calibration_interval(
            own.probabilities, own.labels, own.groups, confidence=0.95, resamples=RESAMPLES, seed=seed
        )
        held.append(low <= truth <= high)
    assert 0.93 <= np.mean(held) <= 0.98  # at the border, a perfect calibration, it is one-sided


def copied(seed: int) -> Answers:
    """300 photos, each there three times."""
    own = simulated(IMAGES, seed)
    three = np.repeat(np.arange(IMAGES), 3)
    return Answers(own.probabilities[three], own.labels[three], three)


def test_copies_do_not_count_as_photos_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else three copies of each photo would make every interval too narrow by a factor of 1.7."""
    monkeypatch.setattr(metrics, "RANKED", 0)  # the areas, which nothing is said of here, take most of the time
    monkeypatch.setattr(metrics, "FEWEST_RESAMPLES", 2)
    truth = metric_values(million())
    held: dict[str, list[bool]] = defaultdict(list)
    for seed in range(SETS):
        own = copied(seed)
        found = model_metrics(own, resampled(own, seed=seed, resamples=RESAMPLES), confidence=0.95)
        for name in ("accuracy", "log_loss", "brier"):
            held[name].append(found[f"{name}_low"] <= truth[name] <= found[f"{name}_high"])
    assert {name: 0.93 <= np.mean(each) <= 0.97 for name, each in held.items()} == dict.fromkeys(held, True)


def test_three_copies_of_each_photo_count_as_one() -> None:
    """Wilson's interval of copies must be that of the photos: an effective size of 300, not of 900."""
    own = copied(0)
    right = (own.predicted == own.labels)[:, None]
    assert Proportions.of(right, np.ones_like(right), own.groups).images[0] == pytest.approx(IMAGES)
