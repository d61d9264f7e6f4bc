"""What several folds say together: pooled figures, and whether two models differ by more than chance."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy.stats import t as student

from pixelproof.evaluation.metrics import Answers


@dataclass(frozen=True)
class Difference:
    """The mean difference of two models over folds, with its interval and the p-value of "no difference"."""

    mean: float
    low: float
    high: float
    p: float


def corrected_t_test(differences: np.ndarray, *, train: int, test: int, confidence: float) -> Difference:
    """Return the corrected resampled t-test (Nadeau and Bengio 2003, section 4).

    differences  (folds,) of a metric, first model less second, of models that were trained on `train` and tested on
    `test` images. Folds share most of their training images, so their differences vary too little: the usual test
    finds a difference far too often. The variance is taken 1 / folds + test / train times instead of 1 / folds times.

    Raises ValueError for fewer than two folds.
    """
    folds = len(differences)
    if folds < 2:
        raise ValueError(f"a test over folds needs two folds or more, not {folds}")
    mean = float(np.mean(differences))
    error = sqrt((1 / folds + test / train) * float(np.var(differences, ddof=1)))
    if error == 0:
        return Difference(mean, mean, mean, 1.0 if mean == 0 else 0.0)
    half = float(student.ppf((1 + confidence) / 2, folds - 1)) * error
    return Difference(mean, mean - half, mean + half, float(2 * student.sf(abs(mean) / error, folds - 1)))


def pooled(folds: Sequence[Answers], groups: Sequence[np.ndarray]) -> Answers:
    """Return the answers of all folds as one test part: each photo was in the test part of one fold.

    groups  of each fold, the names of its photos' groups, (n,): copies are never in two folds

    Raises ValueError if a photo, or a group, is in two folds.
    """
    ids = [photo for fold in folds for photo in fold.ids]
    seen = [name for own in groups for name in np.unique(own)]
    if len(set(ids)) < len(ids) or len(set(seen)) < len(seen):
        raise ValueError("folds overlap: a photo, or a group of copies, was tested in two of them")
    numbers = np.unique(np.concatenate(list(groups)), return_inverse=True)[1]
    return Answers(
        np.concatenate([fold.probabilities for fold in folds]),
        np.concatenate([fold.labels for fold in folds]),
        numbers,
        tuple(ids),
    )
