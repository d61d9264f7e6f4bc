"""Charts of the evidence as numbers for SVG: accuracy by how bad the photos are, and how sure against how right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pixelproof.evaluation.robustness import TITLES, UNTOUCHED
from pixelproof.explain.page.words import percent

MODELS = ("cnn", "mlp")
LEFT, RIGHT, TOP, BOTTOM = 30.0, 208.0, 8.0, 108.0  # the frame, in SVG units
BINS = 10  # of the reliability diagram, of equally many photos


@dataclass(frozen=True)
class Line:
    """A model's curve, and the band of its intervals, as SVG points."""

    model: str
    points: Sequence[tuple[float, float]]
    band: str = ""

    @property
    def path(self) -> str:
        return " ".join(f"{x:.1f},{y:.1f}" for x, y in self.points)


@dataclass(frozen=True)
class Chart:
    title: str
    ticks: Sequence[tuple[float, str]]  # x, and what it stands for
    lines: Sequence[Line]
    words: str  # for readers who do not see it


def across(count: int) -> list[float]:
    """Return `count` places from left to right."""
    return [LEFT + (RIGHT - LEFT) * i / max(1, count - 1) for i in range(count)]


def height(share: float) -> float:
    return BOTTOM - (BOTTOM - TOP) * share


def robustness_charts(table: pd.DataFrame) -> list[Chart]:
    """Draw each kind of corruption in `table`, the content of reports/plots/robustness.csv."""
    untouched = table[table["kind"] == UNTOUCHED]
    kinds = [kind for kind in TITLES if (table["kind"] == kind).any()]
    return [_robustness(TITLES[kind], pd.concat([untouched, table[table["kind"] == kind]])) for kind in kinds]


def _robustness(title: str, rows: pd.DataFrame) -> Chart:
    places = across(len(rows))
    levels = ["as is", *(f"{level:g}" for level in rows["level"].iloc[1:])]
    lines = [_line(model, rows, places) for model in MODELS]
    changes = " and ".join(
        f"{model.upper()} from {percent(rows[model].iloc[0])} to {percent(rows[model].iloc[-1])}" for model in MODELS
    )
    return Chart(title, list(zip(places, levels, strict=True)), lines, f"Accuracy on photos {title}: {changes}")


def _line(model: str, rows: pd.DataFrame, places: Sequence[float]) -> Line:
    def points(column: str) -> list[tuple[float, float]]:
        return [(x, height(share)) for x, share in zip(places, rows[column].tolist(), strict=True)]

    low, high = points(f"{model}_low"), points(f"{model}_high")
    return Line(model, points(model), Line(model, [*high, *reversed(low)]).path)


def reliability_chart(shares: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> Chart:
    """Draw how often answers of a certain probability are right; `shares`: by model as `Reports.shares` gives them."""
    lines = [Line(model, [_place(*each) for each in reliability(*shares[model])]) for model in MODELS]
    ticks = [(_place(share, 0)[0], f"{100 * share:.0f}") for share in (0, 0.5, 1)]
    last = {model: reliability(*shares[model])[0] for model in MODELS}
    words = "How often answers of a certain probability are right. Of the least sure tenth: " + "; ".join(
        f"{model.upper()} gives {percent(sure)}, and is right on {percent(right)}"
        for model, (sure, right) in last.items()
    )
    return Chart("How sure, and how often right", ticks, lines, words)


def reliability(probabilities: np.ndarray, labels: np.ndarray) -> list[tuple[float, float]]:
    """Return (mean probability, share that is right) of bins of equally many photos, the least sure first."""
    sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == labels
    bins = np.array_split(np.argsort(sure, kind="stable"), min(BINS, len(sure)))
    return [(float(sure[own].mean()), float(right[own].mean())) for own in bins]


def _place(sure: float, right: float) -> tuple[float, float]:
    return LEFT + (RIGHT - LEFT) * sure, height(right)
