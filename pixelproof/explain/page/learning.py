"""How the network learned, for the page's slider: the weights of some epochs, and what was measured after each."""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pixelproof.explain.tracing.learned import LayerWeights, LearnedEpoch

MEASURED = ("train_loss", "valid_loss", "train_accuracy", "valid_accuracy")
LEFT, RIGHT, TOP, BOTTOM = 36.0, 396.0, 8.0, 118.0  # the frame of a plot, in SVG units


@dataclass(frozen=True)
class Plot:
    """Two curves over the epochs, as SVG points; the script moves a line along them."""

    title: str
    most: str
    train: str
    valid: str


def learning(epochs: Sequence[LearnedEpoch], history: pd.DataFrame, best_epoch: int) -> dict[str, Any]:
    """Return what templates/steps_learning.html and the script use.

    history     the content of history.csv, a row for each epoch from 1 on
    best_epoch  whose weights were kept: those of the page's own network, which is one more place of the slider
    """
    stops = [_stop(each, history) for each in epochs if each.epoch != best_epoch]
    stops.append({"epoch": best_epoch, "kept": True, "measured": _measured(history, best_epoch), "layers": None})
    return {
        "script": {"stops": sorted(stops, key=lambda stop: int(stop["epoch"])), "epochs": len(history)}
        | {"left": LEFT, "right": RIGHT},
        "count": len(epochs),
        "epochs": len(history),
        "plots": [_plot(history, "loss"), _plot(history, "accuracy")] if len(history) else [],
    }


def computed(epochs: Sequence[LearnedEpoch], layers: Sequence[Mapping[str, Any]]) -> list[LearnedEpoch]:
    """Leave out the weights of layers that the page shows as boxes; `layers`: from pixelproof.explain.page.payload."""
    return [
        LearnedEpoch(
            each.epoch,
            [{} if shown["kind"] == "box" else layer for layer, shown in zip(each.layers, layers, strict=True)],
        )
        for each in epochs
    ]


def _stop(each: LearnedEpoch, history: pd.DataFrame) -> dict[str, Any]:
    layers = [_encoded(layer) for layer in each.layers]
    return {"epoch": each.epoch, "kept": False, "measured": _measured(history, each.epoch), "layers": layers}


def _measured(history: pd.DataFrame, epoch: int) -> list[float] | None:
    """Return the losses and accuracies after an epoch; None before the first step, when nothing was measured."""
    if not 1 <= epoch <= len(history):
        return None
    row = history.iloc[epoch - 1]
    return [float(row[name]) for name in MEASURED]


def _encoded(layer: LayerWeights) -> dict[str, dict[str, Any]]:
    return {
        name: {"half": array.dtype == np.float16, "data": _base64(array)} for name, array in layer.items() if array.size
    }


def _base64(array: np.ndarray) -> str:
    little = np.ascontiguousarray(array, array.dtype.newbyteorder("<"))
    return base64.b64encode(little.tobytes()).decode("ascii")


def _plot(history: pd.DataFrame, what: str) -> Plot:
    train, valid = history[f"train_{what}"], history[f"valid_{what}"]
    most = 1.0 if what == "accuracy" else float(max(train.max(), valid.max())) or 1.0
    return Plot(what, f"{most:.3g}", _points(train, most), _points(valid, most))


def _points(values: pd.Series, most: float) -> str:
    """Place epoch e at e of all epochs: the left border is the time before the first step."""
    places = [LEFT + (RIGHT - LEFT) * (i + 1) / len(values) for i in range(len(values))]
    heights = [BOTTOM - (BOTTOM - TOP) * value / most for value in values.tolist()]
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in zip(places, heights, strict=True))
