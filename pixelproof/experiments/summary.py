"""Training runs repeated with several seeds under two conditions: mean, spread, and bootstrap intervals."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy.stats import bootstrap

CONFIDENCE = 0.95


@dataclass(frozen=True)
class Trial:
    """One training run, evaluated on the test part."""

    model: str
    pixels: str  # the condition: `in place` or `shuffled`
    seed: int
    right: np.ndarray  # (test images,) bool

    @property
    def accuracy(self) -> float:
        return float(self.right.mean())


def summarize(trials: list[Trial]) -> pd.DataFrame:
    """Return a row per model and condition: seeds, mean accuracy, its standard deviation over seeds, its interval."""
    rows = []
    for model, pixels in _conditions(trials):
        chosen = [trial for trial in trials if (trial.model, trial.pixels) == (model, pixels)]
        accuracies = [trial.accuracy for trial in chosen]
        low, high = interval(_share_right(chosen))
        spread = float(np.std(accuracies, ddof=1)) if len(accuracies) > 1 else float("nan")
        rows.append((model, pixels, len(chosen), float(np.mean(accuracies)), spread, low, high))
    return pd.DataFrame(rows, columns=["model", "pixels", "seeds", "accuracy", "deviation", "low", "high"])


def table(trials: list[Trial]) -> pd.DataFrame:
    """Return a row per trial."""
    rows = [(trial.model, trial.pixels, trial.seed, trial.accuracy) for trial in trials]
    return pd.DataFrame(rows, columns=["model", "pixels", "seed", "accuracy"])


def lead(trials: list[Trial], model: str, other: str, pixels: str) -> tuple[float, float, float]:
    """Return by how much `model` is more accurate than `other` under a condition, with the interval's ends."""
    sides = [[t for t in trials if (t.model, t.pixels) == (name, pixels)] for name in (model, other)]
    difference = _share_right(sides[0]) - _share_right(sides[1])
    return (float(difference.mean()), *interval(difference))


def interval(values: np.ndarray) -> tuple[float, float]:
    """Return the bootstrap interval (BCa; Efron, 1987) of the mean over test images, at 95 %."""
    if np.ptp(values) == 0:
        return float(values[0]), float(values[0])
    found = bootstrap((values,), np.mean, confidence_level=CONFIDENCE, n_resamples=2000, batch=100, rng=0)
    return float(found.confidence_interval.low), float(found.confidence_interval.high)


def accuracy_figure(summary: pd.DataFrame, title: str) -> Figure:
    """Draw mean accuracy with its interval, a bar per model and condition."""
    figure = Figure(figsize=(6, 4), layout="constrained")
    axes = figure.add_subplot(title=title, ylabel="test accuracy", ylim=(0, 1))
    for number, (pixels, rows) in enumerate(summary.groupby("pixels", sort=False)):
        places = np.arange(len(rows)) + 0.4 * number
        ends = np.array([rows["accuracy"] - rows["low"], rows["high"] - rows["accuracy"]]).clip(0)
        bars = axes.bar(places, rows["accuracy"], 0.38, yerr=ends, capsize=4, label=f"pixels {pixels}")
        axes.bar_label(bars, [f"{accuracy:.3f}" for accuracy in rows["accuracy"]], label_type="center", color="white")
    axes.set_xticks(np.arange(summary["model"].nunique()) + 0.2, summary["model"].unique())
    axes.legend(loc="upper center", ncols=2, bbox_to_anchor=(0.5, -0.08))
    return figure


def depth_figure(summary: pd.DataFrame, title: str) -> Figure:
    """Draw mean accuracy with its interval, and the parameters, against the blocks of convolution and pooling."""
    figure = Figure(figsize=(6, 5), layout="constrained")
    accuracy, parameters = figure.subplots(2, sharex=True)
    ends = np.array([summary["accuracy"] - summary["low"], summary["high"] - summary["accuracy"]]).clip(0)
    accuracy.errorbar(summary["blocks"], summary["accuracy"], yerr=ends, fmt="o-", capsize=4)
    accuracy.set(title=title, ylabel="test accuracy")
    bars = parameters.bar(summary["blocks"], summary["parameters"])
    parameters.bar_label(bars, [f"{count:,}" for count in summary["parameters"]])
    parameters.set(xlabel="blocks of convolution and pooling", ylabel="parameters", xticks=summary["blocks"])
    parameters.margins(y=0.15)
    return figure


def _conditions(trials: list[Trial]) -> list[tuple[str, str]]:
    return list(dict.fromkeys((trial.model, trial.pixels) for trial in trials))


def _share_right(trials: list[Trial]) -> np.ndarray:
    """Return, image by image, the share of the seeds that were right: (test images,) float."""
    shares: np.ndarray = np.mean([trial.right for trial in trials], axis=0)
    return shares
