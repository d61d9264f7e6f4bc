"""Standard errors by resampling: groups of copies are drawn with replacement, and every metric is computed anew.

A metric is a function of weights: how often each image was drawn. So thousands of resamples are a few products of
matrices, and two models that are given the same seed are compared on the same draws.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from scipy.stats import norm

from pixelproof.evaluation.proportions import wilson

CELLS = 2_000_000  # weights in memory at a time

Measure = Callable[[np.ndarray], dict[str, np.ndarray]]  # weights (r, n) float32 to each metric's (r,) values
Interval = tuple[float, float]


@dataclass(frozen=True)
class Sample:
    """A metric on all images, and on each resample; NaN where there was nothing to measure."""

    value: float
    draws: np.ndarray  # (resamples,)

    def __sub__(self, other: "Sample") -> "Sample":
        """Return the difference of two metrics that were measured on the same draws."""
        return Sample(self.value - other.value, self.draws - other.draws)

    @property
    def standard_error(self) -> float:
        usable = self.draws[np.isfinite(self.draws)]
        return float(usable.std()) if len(usable) else 0.0


@dataclass(frozen=True)
class Scale:
    """The values that a metric can have, and the scale on which its estimate is nearly normal."""

    low: float
    high: float
    forward: Callable[[float], float]
    backward: Callable[[float], float]
    slope: Callable[[float], float]  # of `forward`


def _logit(value: float) -> float:
    return float(np.log(value / (1 - value)))


PLAIN = Scale(-np.inf, np.inf, lambda x: x, lambda x: x, lambda x: 1.0)
SHARE = Scale(0, 1, _logit, lambda x: float(1 / (1 + np.exp(-x))), lambda x: 1 / (x * (1 - x)))
POSITIVE = Scale(0, np.inf, lambda x: float(np.log(x)), lambda x: float(np.exp(x)), lambda x: 1 / x)


def resample(measure: Measure, groups: np.ndarray, *, resamples: int, seed: int) -> dict[str, Sample]:
    """Measure on all images, and on `resamples` draws of whole groups.

    groups  (n,) numbers from 0 on; images of one group are drawn together
    """
    values = measure(np.ones((1, len(groups)), np.float32))
    parts = [measure(weights) for weights in drawn(groups, resamples, seed)]
    return {
        name: Sample(float(value[0]), np.concatenate([part[name] for part in parts])) for name, value in values.items()
    }


def drawn(groups: np.ndarray, resamples: int, seed: int) -> Iterator[np.ndarray]:
    """Yield how often each image is in each resample: float32 (some resamples, n)."""
    random = np.random.default_rng(seed)
    count = int(groups.max()) + 1
    at_once = max(1, CELLS // len(groups))
    for start in range(0, resamples, at_once):
        rows = min(at_once, resamples - start)
        chosen = random.integers(count, size=(rows, count)) + count * np.arange(rows)[:, None]
        weights = np.bincount(chosen.ravel(), minlength=rows * count).reshape(rows, count)
        yield weights.astype(np.float32)[:, groups]


def interval(sample: Sample, scale: Scale, confidence: float) -> Interval:
    """Return the normal interval around a metric with its bootstrap standard error, on the metric's own scale.

    At 300 images it holds what it promises, where percentiles and BCa miss the truth two to three times as often
    as they say (docs/evaluate.md has the measurements).
    """
    if not scale.low < sample.value < scale.high:
        return sample.value, sample.value
    half = norm.ppf((1 + confidence) / 2) * sample.standard_error * scale.slope(sample.value)
    middle = scale.forward(sample.value)
    return scale.backward(middle - half), scale.backward(middle + half)


def without_spread(value: float, low: float, high: float, images: int, confidence: float) -> Interval:
    """Return the interval of a metric that is the same on every resample, as that of a model without mistakes.

    There is nothing to resample then. So few images can have missed a rare mistake: in as many of them as Wilson's
    interval allows for 0 of `images`, each of the worst kind. `low` and `high` are the least and the largest value.
    """
    unseen = wilson(np.array(0.0), np.array(float(images)), confidence)[1] * (high - low)
    return max(low, float(value - unseen)), min(high, float(value + unseen))
