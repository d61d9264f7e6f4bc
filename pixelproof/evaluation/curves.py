"""Tables behind the plots: confusion, ROC and precision-recall curves."""

import numpy as np
import pandas as pd
from sklearn.metrics import precision_recall_curve, roc_curve
from sklearn.preprocessing import label_binarize

POINTS = 500  # of a curve at most; more are not visible


def confusion(probabilities: np.ndarray, labels: np.ndarray, classes: list[str]) -> pd.DataFrame:
    """Return a row per test image, `actual` and `predicted`, as DVC's confusion plot expects."""
    names = np.array(classes)
    return pd.DataFrame({"actual": names[labels], "predicted": names[probabilities.argmax(axis=1)]})


def roc(probabilities: np.ndarray, labels: np.ndarray) -> pd.DataFrame:
    """Return the ROC curve: false_positive_rate, true_positive_rate.

    Two classes: for the second. More: each class against the rest, all predictions pooled (micro average).
    """
    false_rate, true_rate, _ = roc_curve(*_pooled(probabilities, labels))
    return _thinned(pd.DataFrame({"false_positive_rate": false_rate, "true_positive_rate": true_rate}))


def precision_recall(probabilities: np.ndarray, labels: np.ndarray) -> pd.DataFrame:
    """Return the precision-recall curve: recall, precision; pooled as in `roc`."""
    precision, recall, _ = precision_recall_curve(*_pooled(probabilities, labels))
    return _thinned(pd.DataFrame({"recall": recall, "precision": precision}))


def _pooled(probabilities: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    classes = probabilities.shape[1]
    if classes == 2:
        return labels, probabilities[:, 1]
    return label_binarize(labels, classes=np.arange(classes)).ravel(), probabilities.ravel()


def _thinned(curve: pd.DataFrame) -> pd.DataFrame:
    rows = np.unique(np.linspace(0, len(curve) - 1, POINTS).round().astype(int))
    return curve.iloc[rows]
