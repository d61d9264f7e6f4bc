"""Sets of possible classes that hold the true one as often as promised: split conformal prediction.

The least ambiguous sets of Sadinle, Lei and Wasserman 2019: a class is possible if its probability reaches a
threshold, which is taken from the validation part. They are the smallest sets on average.
"""

from math import ceil

import numpy as np

from pixelproof.evaluation.metrics import Answers
from pixelproof.evaluation.proportions import Proportions
from pixelproof.evaluation.uncertainty import possible


def least_probability(probabilities: np.ndarray, labels: np.ndarray, coverage: float) -> float:
    """Return the probability that a class needs to be possible, from the validation part's answers.

    probabilities  (n, classes); labels: (n,) class numbers. It is 0, and every class possible, if the part is too small
    """
    true = np.sort(probabilities[np.arange(len(labels)), labels])[::-1]
    rank = ceil((len(labels) + 1) * coverage)
    return float(true[rank - 1]) if rank <= len(labels) else 0.0


def set_metrics(answers: Answers, least: float, *, confidence: float) -> dict[str, float]:
    """Return how often the sets hold the true class, with Wilson's interval, and how large they are.

    set_one, set_several, set_none: the shares of photos with so many possible classes.
    """
    sets = possible(answers.probabilities, least)
    holds = sets[np.arange(len(sets)), answers.labels][:, None]
    share = Proportions.of(holds, np.ones_like(holds), answers.groups)
    low, high = share.intervals(confidence)
    sizes = sets.sum(axis=1)
    return {
        "set_coverage": float(share.share[0]),
        "set_coverage_low": float(low[0]),
        "set_coverage_high": float(high[0]),
        "set_size": float(sizes.mean()),
        "set_one": float((sizes == 1).mean()),
        "set_several": float((sizes > 1).mean()),
        "set_none": float((sizes == 0).mean()),
    }
