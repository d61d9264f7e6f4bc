"""Figures for MLflow and the reports."""

from collections.abc import Mapping

import numpy as np
from matplotlib.figure import Figure
from sklearn.metrics import ConfusionMatrixDisplay

BINS = 10  # of a reliability diagram


def confusion_figure(probabilities: np.ndarray, labels: np.ndarray, classes: list[str], title: str) -> Figure:
    """Draw the confusion matrix: test images by true and predicted class."""
    side = min(12.0, 2.5 + 0.6 * len(classes))
    figure = Figure(figsize=(side, side), layout="constrained")
    axes = figure.add_subplot(title=title)
    ConfusionMatrixDisplay.from_predictions(
        labels,
        probabilities.argmax(axis=1),
        labels=np.arange(len(classes)),
        display_labels=classes,
        cmap="Blues",
        colorbar=False,
        xticks_rotation="vertical" if max(map(len, classes)) > 3 else "horizontal",
        ax=axes,
    )
    return figure


def reliability_figure(by_model: Mapping[str, np.ndarray], labels: np.ndarray) -> Figure:
    """Draw how often answers of a certain probability are right: on the diagonal a model is as sure as it should be.

    by_model  probabilities (n, classes) of each model; labels: (n,) class numbers. The bins hold equally many images
    """
    figure = Figure(figsize=(6, 5), layout="constrained")
    axes = figure.add_subplot(title="How often an answer of this probability is right", xlim=(0, 1), ylim=(0, 1))
    axes.plot([0, 1], [0, 1], color="0.6", linestyle="--")
    for colour, (model, probabilities) in zip(("#d55e00", "#0072b2"), by_model.items(), strict=False):
        sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
        bins = np.array_split(np.argsort(sure, kind="stable"), min(BINS, len(sure)))
        means = [(sure[own].mean(), right[own].mean()) for own in bins]
        axes.plot(*zip(*means, strict=True), "o-", color=colour, label=model.upper())
    axes.set(xlabel="probability of the answer", ylabel="share that is right")
    axes.legend(loc="upper left")
    return figure
