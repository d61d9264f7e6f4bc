"""The folder of plots: tables that DVC draws, and pictures of them all."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from pixelproof.evaluation import curves
from pixelproof.evaluation.pictures import reliability_figure
from pixelproof.evaluation.robustness import robustness_figure
from pixelproof.files import replacing

PICTURES = ("reliability.png", "robustness.png")


def write_plots(
    by_model: Mapping[str, np.ndarray], labels: np.ndarray, classes: list[str], robust: pd.DataFrame, folder: Path
) -> None:
    """Write the plots of both models, replacing the folder.

    by_model  probabilities (n, classes) of each model; labels: (n,) class numbers; robust: of `robustness_table`
    """
    with replacing(folder) as beside:
        beside.mkdir()
        robust.to_csv(beside / "robustness.csv", index=False)
        figures = reliability_figure(by_model, labels), robustness_figure(robust)
        for name, figure in zip(PICTURES, figures, strict=True):
            figure.savefig(beside / name, dpi=80)
        for model, probabilities in by_model.items():
            tables = {
                "confusion": curves.confusion(probabilities, labels, classes),
                "roc": curves.roc(probabilities, labels),
                "precision_recall": curves.precision_recall(probabilities, labels),
            }
            for name, content in tables.items():
                content.to_csv(beside / f"{name}_{model}.csv", index=False)
