"""The metrics of one model on the test part, with intervals."""

import numpy as np
import pandas as pd
from scipy.stats import binomtest
from sklearn.metrics import f1_score, log_loss, precision_recall_fscore_support


def model_metrics(probabilities: np.ndarray, labels: np.ndarray, *, confidence: float) -> dict[str, float]:
    """Return accuracy with its interval, macro F1 and log loss.

    `probabilities`: (n, classes), `labels`: (n,) class numbers. The interval is Wilson's score interval (1927),
    which keeps its coverage near 100 % and for few images; the log loss is the mean cross-entropy in nats.
    """
    predicted = probabilities.argmax(axis=1)
    right = int((predicted == labels).sum())
    interval = binomtest(right, len(labels)).proportion_ci(confidence, method="wilson")
    classes = np.arange(probabilities.shape[1])
    return {
        "accuracy": right / len(labels),
        "accuracy_low": float(interval.low),
        "accuracy_high": float(interval.high),
        "macro_f1": float(f1_score(labels, predicted, labels=classes, average="macro", zero_division=0)),
        "log_loss": float(log_loss(labels, probabilities, labels=classes)),
    }


def per_class(probabilities: np.ndarray, labels: np.ndarray, classes: list[str]) -> pd.DataFrame:
    """Return precision, recall, F1 and the number of test images, a row per class."""
    columns = precision_recall_fscore_support(
        labels, probabilities.argmax(axis=1), labels=np.arange(len(classes)), zero_division=0
    )
    return pd.DataFrame(dict(zip(("precision", "recall", "f1", "images"), columns, strict=True))).assign(label=classes)[
        ["label", "precision", "recall", "f1", "images"]
    ]
