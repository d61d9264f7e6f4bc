"""Figures for MLflow and the reports."""

import numpy as np
from matplotlib.figure import Figure
from sklearn.metrics import ConfusionMatrixDisplay


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
