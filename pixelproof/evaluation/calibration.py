"""Whether probabilities mean what they say: the calibration error, and the temperature that mends them."""

from math import log

import numpy as np
from scipy.optimize import minimize_scalar

from pixelproof.evaluation.bootstrap import Interval, drawn, without_spread
from pixelproof.evaluation.temperature import logits

BINS = 15  # of equal width, as in Guo et al. 2017
TEMPERATURES = (0.02, 50.0)  # a validation part without a mistake has no best one
FACTORS = np.linspace(0, 4, 161)  # of the measured error, among which its interval is looked for


def fit_temperature(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Return the temperature with the least log loss on the validation part (Guo et al. 2017, section 4.2).

    probabilities  (n, classes); labels: (n,) class numbers
    """
    unscaled = logits(probabilities)
    true = np.arange(len(labels)), labels

    def loss(log_temperature: float) -> float:
        scaled = unscaled / np.exp(log_temperature)
        return float((np.logaddexp.reduce(scaled, axis=1) - scaled[true]).mean())

    found = minimize_scalar(
        loss, bounds=(log(TEMPERATURES[0]), log(TEMPERATURES[1])), method="bounded", options={"xatol": 1e-6}
    )
    return float(np.exp(found.x))


def bin_numbers(confidences: np.ndarray, bins: int = BINS) -> np.ndarray:
    """Return the bin of each confidence, 0 to bins - 1: (0, 1/bins], (1/bins, 2/bins], ..."""
    edges = np.linspace(0, 1, bins + 1)
    return np.clip(np.searchsorted(edges, confidences, side="left") - 1, 0, bins - 1)


def gaps(probabilities: np.ndarray, labels: np.ndarray, bins: int = BINS) -> np.ndarray:
    """Return (n, bins): what each image adds to its bin, its confidence less 1 if the answer is right."""
    confidences = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == labels
    added = np.zeros((len(labels), bins))
    added[np.arange(len(labels)), bin_numbers(confidences, bins)] = confidences - right
    return added


def calibration_error(probabilities: np.ndarray, labels: np.ndarray, bins: int = BINS) -> float:
    """Return the expected calibration error of the likeliest class.

    That is the mean distance of confidence and accuracy over bins of equal width, weighted by their images.
    """
    return float(np.abs(gaps(probabilities, labels, bins).mean(axis=0)).sum())


def calibration_interval(
    probabilities: np.ndarray, labels: np.ndarray, groups: np.ndarray, *, confidence: float, resamples: int, seed: int
) -> Interval:
    """Return the interval of the expected calibration error.

    A sum of absolute values grows by chance alone: a model that is calibrated perfectly has an error of 0.05 on
    300 images, and every resample adds more. So the test is inverted (Carpenter 1999): the interval has all errors
    t x measured, for t in FACTORS, under which the measured one is neither among the largest nor the smallest. For a
    calibrated model it begins at 0, and may end below the measured error.
    """
    added = gaps(probabilities, labels)
    added = added[:, added.any(axis=0)]
    mean = added.mean(axis=0)
    measured, tail = float(np.abs(mean).sum()), (1 - confidence) / 2
    noise = np.concatenate([weights @ added for weights in drawn(groups, resamples, seed)]) / len(labels) - mean
    if np.ptp(np.abs(mean + noise).sum(axis=1)) < 1e-6:
        return without_spread(measured, 0.0, 1.0, len(labels), confidence)
    possible = np.zeros((len(FACTORS), len(noise)))  # (factors, resamples)
    for own, spread in zip(mean, noise.T, strict=True):  # a bin at a time: rows that lie together in memory
        possible += np.abs(FACTORS[:, None] * own + spread)
    reached = (possible >= measured - 1e-12).mean(axis=1) >= tail
    undercut = (possible <= measured + 1e-12).mean(axis=1) >= tail
    low = FACTORS[reached][0] if reached.any() else FACTORS[-1]
    high = FACTORS[undercut][-1] if undercut.any() else 0.0
    return float(low * measured), float(min(1.0, max(low, high) * measured))
