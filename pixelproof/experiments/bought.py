"""What a network costs and what it got for that: tables and pictures over several sizes, seeds and shares of photos."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from pixelproof.experiments.learning_curve import extrapolated, fit_power_law
from pixelproof.experiments.summary import interval

COSTS = {
    "parameters": "parameters",
    "multiply_adds": "multiply-adds per image",
    "seconds": "seconds of training",
    "bytes": "bytes of the saved model",
}
POINTS = 3  # that a power law of three numbers needs


@dataclass(frozen=True)
class Bought:
    """One network trained with one seed on a share of the training photos, and evaluated on the test part."""

    name: str
    seed: int
    share: float
    photos: int  # that it was trained on
    parameters: int
    multiply_adds: int
    seconds: float  # of training and evaluation
    bytes: int  # of the saved model
    right: np.ndarray  # (test images,) bool


def trials_table(results: Sequence[Bought]) -> pd.DataFrame:
    """Return a row per training."""
    rows = [{**vars(result), "accuracy": result.right.mean()} for result in results]
    return pd.DataFrame(rows).drop(columns="right")


def bought_table(results: Sequence[Bought]) -> pd.DataFrame:
    """Return a row per network: its costs, its mean accuracy over the seeds, their deviation, and a 95 % interval."""
    rows = []
    for name in dict.fromkeys(result.name for result in results):
        own = [result for result in results if result.name == name]
        costs = {cost: float(np.mean([getattr(result, cost) for result in own])) for cost in COSTS}
        rows.append({"network": name, **costs, **_accuracy(own)})
    table = pd.DataFrame(rows)
    return table.astype({"parameters": int, "multiply_adds": int}).round({"seconds": 1, "bytes": 0})


def _accuracy(own: Sequence[Bought]) -> dict[str, float]:
    """Return the mean over the seeds, and its interval over the test images."""
    right = np.mean([result.right for result in own], axis=0)
    low, high = interval(right)
    accuracies = [float(result.right.mean()) for result in own]
    spread = float(np.std(accuracies, ddof=1)) if len(own) > 1 else float("nan")
    return {"seeds": len(own), "accuracy": float(right.mean()), "deviation": spread, "low": low, "high": high}


def bought_figure(table: pd.DataFrame) -> Figure:
    """Draw accuracy with its interval against each cost; the CNN is the first row."""
    figure = Figure(figsize=(10, 8), layout="constrained")
    for axes, (cost, words) in zip(figure.subplots(2, 2, sharey=True).ravel(), COSTS.items(), strict=True):
        for number, row in enumerate(table.to_dict("records")):
            ends = [[row["accuracy"] - row["low"]], [row["high"] - row["accuracy"]]]
            colour, marker = ("#0072b2", "o") if number else ("#d55e00", "s")
            axes.errorbar(row[cost], row["accuracy"], ends, fmt=marker, color=colour, capsize=3)
            place = row[cost], row["accuracy"]
            axes.annotate(row["network"], place, xytext=(5, 4), textcoords="offset points", fontsize=7)
        axes.set(xscale="log", xlabel=words, ylabel="test accuracy")
        axes.margins(x=0.25)
        axes.grid(alpha=0.3)
    return figure


def curve_table(results: Sequence[Bought], *, seed: int) -> pd.DataFrame:
    """Return a row per network and number of training photos: accuracy with its interval.

    Where there are three numbers or more, also what twice the photos promise by the power law through the error rates.
    """
    rows = []
    for name in dict.fromkeys(result.name for result in results):
        own = [result for result in results if result.name == name]
        counts = sorted({result.photos for result in own})
        groups = [[result for result in own if result.photos == count] for count in counts]
        rows += [
            {"network": name, "photos": count, "measured": True, **_accuracy(group)}
            for count, group in zip(counts, groups, strict=True)
        ]
        if len(counts) >= POINTS:
            wrong = 1 - np.array([np.mean([result.right for result in group], axis=0) for group in groups])
            error, low, high = extrapolated(np.array(counts, float), wrong, 2.0 * counts[-1], seed=seed)
            promised = {"accuracy": 1 - error, "low": 1 - high, "high": 1 - low}
            rows.append({"network": name, "photos": 2 * counts[-1], "measured": False, **promised})
    return pd.DataFrame(rows)


def curve_figure(table: pd.DataFrame) -> Figure:
    """Draw accuracy against the number of training photos, and the power law through it."""
    figure = Figure(figsize=(7, 5), layout="constrained")
    axes = figure.subplots()
    for colour, (name, rows) in zip(("#d55e00", "#0072b2"), table.groupby("network", sort=False), strict=False):
        _draw_curve(axes, str(name), rows, colour)
    axes.set(xscale="log", xlabel="training photos", ylabel="test accuracy")
    axes.grid(alpha=0.3)
    axes.legend(loc="lower right")
    return figure


def _draw_curve(axes: Axes, name: str, rows: pd.DataFrame, colour: str) -> None:
    for measured, own in rows.groupby("measured"):
        ends = np.array([own["accuracy"] - own["low"], own["high"] - own["accuracy"]]).clip(0)
        label = name if measured else f"{name}, with twice the photos by the power law"
        fill = colour if measured else "white"
        axes.errorbar(own["photos"], own["accuracy"], ends, fmt="o", label=label, color=colour, mfc=fill, capsize=3)
    known = rows[rows["measured"]]
    if len(known) >= POINTS:
        law = fit_power_law(known["photos"].to_numpy(float), 1 - known["accuracy"].to_numpy())
        photos = np.geomspace(rows["photos"].min(), rows["photos"].max(), 100)
        axes.plot(photos, 1 - law.error(photos), color=colour, linewidth=1)
