"""Labels that look wrong: confident learning on answers of a model that did not train on those photos."""

import numpy as np
from cleanlab.filter import find_label_issues
from cleanlab.rank import get_label_quality_scores

RANKED_BY = "normalized_margin"  # of the label's probability before the likeliest other class


def label_scores(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return how well each label fits the answer, float64 (n,) from 0 (surely wrong) to 1.

    probabilities  (n, classes) of photos that the model was not trained on; labels: (n,) class numbers
    """
    scores: np.ndarray = get_label_quality_scores(labels, probabilities.astype(np.float64), method=RANKED_BY)
    return scores


def suspected_labels(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return the positions of the labels that look wrong, the surest first; int64 (m,).

    Confident learning (Northcutt et al. 2021, arXiv:1911.00068), by which a class may be called too seldom or too
    often by the model as a whole. Empty where a class has no photo, or the model is never of another opinion.
    """
    if len(np.unique(labels)) < probabilities.shape[1] or not (probabilities.argmax(axis=1) != labels).any():
        return np.empty(0, np.int64)
    return np.asarray(
        find_label_issues(
            labels,
            probabilities.astype(np.float64),
            return_indices_ranked_by=RANKED_BY,
            filter_by="prune_by_noise_rate",
            n_jobs=1,  # no processes: they would load TensorFlow again
        ),
        np.int64,
    )
