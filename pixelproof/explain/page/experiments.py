"""What `make shuffle` and `make depth` found, as the page shows it."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from pixelproof.explain.page.words import between, percent

PIXELS = ("in place", "shuffled")  # the conditions of `make shuffle`


def shuffled(summary: pd.DataFrame | None) -> Sequence[Mapping[str, Any]]:
    """Return a row for each order of the pixels: both accuracies, and the CNN's lead; none where it was not run."""
    if summary is None:
        return []
    found = {(row["pixels"], row["model"]): _accuracy(row) for row in summary.to_dict("records")}
    return [
        {"pixels": pixels, "cnn": cnn, "mlp": mlp, "lead": _points(cnn["share"] - mlp["share"])}
        for pixels in PIXELS
        for cnn, mlp in [(found[pixels, "CNN"], found[pixels, "MLP"])]
    ]


def by_depth(summary: pd.DataFrame | None) -> Sequence[Mapping[str, Any]]:
    """Return a row for each number of blocks: parameters, and accuracy; none where it was not run."""
    if summary is None:
        return []
    return [
        {"blocks": int(row["blocks"]), "parameters": int(row["parameters"]), "accuracy": _accuracy(row)}
        for row in summary.to_dict("records")
    ]


def _accuracy(row: Mapping[Any, Any]) -> Mapping[str, Any]:
    says = f"{percent(row['accuracy'])} ({between(row['low'], row['high'])})"
    return {"share": float(row["accuracy"]), "says": says, "seeds": int(row["seeds"])}


def _points(difference: float) -> str:
    sign = "−" if difference < 0 else "+"
    return f"{sign}{abs(100 * difference):.1f} points"
