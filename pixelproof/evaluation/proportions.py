"""Proportions of images, and means of proportions over the classes, with intervals that no resampling needs.

Copies of one photo are right or wrong together, so they count as fewer images: as many as give the same variance
(the effective sample size of Korn and Graubard 1998).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import sparse
from scipy.stats import norm

Bounds = tuple[np.ndarray, np.ndarray]


def wilson(share: np.ndarray, images: np.ndarray, confidence: float) -> Bounds:
    """Return Wilson's score interval (1927) of shares of so many images, which need not be whole numbers.

    It keeps its coverage near 0 and 1, and for few images. Of no images it is all of 0 to 1.
    """
    z2 = norm.ppf((1 + confidence) / 2) ** 2
    count = np.maximum(images, 1e-9)
    middle = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = np.sqrt(z2 * (share * (1 - share) + z2 / (4 * count)) / count) / (1 + z2 / count)
    return np.clip(middle - half, 0, share), np.clip(middle + half, share, 1)


@dataclass(frozen=True)
class Proportions:
    """A proportion for each of several classes, of images that may belong to several."""

    share: np.ndarray  # (classes,); 0 where there are no images
    images: np.ndarray  # (classes,) effective number
    correlation: np.ndarray  # (classes, classes) between the shares

    @classmethod
    def of(cls, hits: np.ndarray, trials: np.ndarray, groups: np.ndarray) -> "Proportions":
        """Count bool (n, classes): which images are hits, of those that are trials. groups: (n,) numbers from 0."""
        count = trials.sum(axis=0)
        share = hits.sum(axis=0) / np.maximum(count, 1)
        influence = (hits - share * trials) / np.maximum(count, 1)
        by_group = _by_group(influence, groups)
        images = count / _design_effect(influence, by_group, _by_group(trials.astype(float), groups))
        return cls(share, images, _correlation(by_group))

    def intervals(self, confidence: float) -> Bounds:
        """Return Wilson's interval for each class: low and high, (classes,)."""
        return wilson(self.share, self.images, confidence)


def _by_group(values: np.ndarray, groups: np.ndarray) -> np.ndarray:
    """Sum the rows of each group: (groups, classes)."""
    count = len(groups)
    member = sparse.csr_array((np.ones(count), (groups, np.arange(count))), shape=(int(groups.max()) + 1, count))
    summed: np.ndarray = member @ values
    return summed


def _design_effect(influence: np.ndarray, by_group: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Return by how much groups widen the variance of each class's share: 1 where every image is its own group.

    Where all are hits, or none, the shares do not tell: then as if images of one group were always alike.
    """
    independent = (influence**2).sum(axis=0)
    alike = (sizes**2).sum(axis=0) / np.maximum(sizes.sum(axis=0), 1)
    measured = (by_group**2).sum(axis=0) / np.where(independent > 0, independent, 1)
    effect: np.ndarray = np.maximum(1, np.where(independent > 0, measured, alike))
    return effect


def _correlation(by_group: np.ndarray) -> np.ndarray:
    products = by_group.T @ by_group
    spread = np.sqrt(np.diag(products))
    correlation: np.ndarray = products / np.where(spread > 0, spread, 1)[:, None] / np.where(spread > 0, spread, 1)
    np.fill_diagonal(correlation, 1)
    return correlation


@dataclass(frozen=True)
class Curve:
    """A metric of a class as a function of a proportion."""

    value: Callable[[np.ndarray], np.ndarray]
    slope: Callable[[np.ndarray], np.ndarray]


ITSELF = Curve(lambda share: share, np.ones_like)
# F1 is no proportion, but the Jaccard index J is: of the images that are of a class or were taken for it, those that
# are both. F1 = 2 J / (1 + J).
F1_OF_JACCARD = Curve(lambda share: 2 * share / (1 + share), lambda share: 2 / (1 + share) ** 2)


def mean_interval(shares: Proportions, curve: Curve, counted: np.ndarray, confidence: float) -> tuple[float, float]:
    """Return the interval of the mean over the classes that are `counted`, bool (classes,).

    It is Wilson's for as many images as give the mean's standard error. That comes from the shares with two hits and
    two misses added to each (Agresti and Coull 1998): a class of 15 images that all were hits is not without error.
    """
    images = np.maximum(shares.images, 1)
    smooth = (shares.share * images + 2) / (images + 4)
    errors = (curve.slope(smooth) * np.sqrt(smooth * (1 - smooth) / images))[counted] / counted.sum()
    variance = errors @ shares.correlation[np.ix_(counted, counted)] @ errors
    middle = curve.value(smooth)[counted].mean()
    mean = np.array(curve.value(shares.share)[counted].mean())
    low, high = wilson(mean, np.array(middle * (1 - middle) / variance), confidence)
    return float(low), float(high)
