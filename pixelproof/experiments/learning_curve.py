"""Would more photos help? Accuracy against the number of training photos, and the power law through it."""

from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import least_squares

from pixelproof.training.training_data import TrainingData

RESAMPLES = 200


def with_share(data: TrainingData, share: float, *, seed: int) -> TrainingData:
    """Return the data with a share of the training photos, of every class alike and at least one.

    A smaller share is part of a larger one, so that a curve over shares follows what photos are added.
    """
    chosen = nested_share(data.labels, share, seed=seed)
    views = [replace(view, index=view.index.iloc[chosen].reset_index(drop=True)) for view in data.views]
    fresh = data.fresh and replace(data.fresh, training=data.fresh.training[chosen])
    return replace(data, views=views, fresh=fresh)


def nested_share(labels: np.ndarray, share: float, *, seed: int) -> np.ndarray:
    """Return positions of `share` of the images of each class, at least one, in order; int64 (m,)."""
    order = np.random.default_rng([seed, 5]).permutation(len(labels))
    kept = []
    for label in np.unique(labels):
        own = order[labels[order] == label]
        kept.append(own[: max(1, round(share * len(own)))])
    return np.sort(np.concatenate(kept))


@dataclass(frozen=True)
class PowerLaw:
    """error(n) = floor + scale * n ** -exponent (Hestness et al. 2017, arXiv:1712.00409)."""

    floor: float
    scale: float
    exponent: float

    def error(self, photos: np.ndarray) -> np.ndarray:
        error: np.ndarray = self.floor + self.scale * photos**-self.exponent
        return error


def fit_power_law(photos: np.ndarray, errors: np.ndarray) -> PowerLaw:
    """Fit the law to the error rates at three numbers of photos or more, by least squares."""
    guess = (errors.min() / 2 + 1e-6, float(errors.max() * photos.min() ** 0.5) + 1e-6, 0.5)

    def misses(law: np.ndarray) -> np.ndarray:
        missed: np.ndarray = PowerLaw(*law).error(photos) - errors
        return missed

    found = least_squares(misses, guess, bounds=([0, 0, 0], [1, np.inf, 3]), x_scale=guess)
    return PowerLaw(*map(float, found.x))


def extrapolated(photos: np.ndarray, wrong: np.ndarray, at: float, *, seed: int) -> tuple[float, float, float]:
    """Return the error rate that the law expects at `at` photos, with a 95 % interval over the test images.

    wrong  bool (numbers of photos, test images): whether the answer was wrong
    """
    random = np.random.default_rng([seed, 6])
    draws = random.integers(wrong.shape[1], size=(RESAMPLES, wrong.shape[1]))
    fits = [fit_power_law(photos, wrong[:, draw].mean(axis=1)).error(np.array(at)) for draw in draws]
    low, high = np.percentile(fits, [2.5, 97.5])
    return float(fit_power_law(photos, wrong.mean(axis=1)).error(np.array(at))), float(low), float(high)
