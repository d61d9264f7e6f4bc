"""Line drawings of the page as numbers for SVG: the network from top to bottom, and the training curves."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import floor, log, log10, prod
from typing import Any

import pandas as pd

from pixelproof.explain.tracing.groups import Row, rows
from pixelproof.explain.tracing.traced import TracedLayer

STEP, BOX = 34, 22  # from one layer to the next, and a layer's own height, in SVG units
MIDDLE, WIDEST = 100, 150


@dataclass(frozen=True)
class Box:
    row: Row
    x: float
    y: int
    width: float
    links: Sequence[str]  # paths from the layers that feed it


def diagram(layers: Sequence[TracedLayer]) -> dict[str, Any]:
    """Lay out one box per layer or group; its width grows with the logarithm of how many numbers it puts out."""
    shown = rows(layers)
    largest = max(log(1 + prod(row.layer.shape)) for row in shown)
    boxes = []
    for number, row in enumerate(shown):
        width = round(WIDEST * log(1 + prod(row.layer.shape)) / largest, 1)
        links = [_link(source, number) for source in row.inputs]
        if row.is_residual:
            links.append(_bow(number - 1, number * STEP + 4 + BOX, side=4))
        boxes.append(Box(row, MIDDLE - width / 2, number * STEP + 4, width, links))
    words = "The network, from input to output: " + ", ".join(
        f"{row.name} {' by '.join(map(str, row.layer.shape))}" for row in shown
    )
    return {"boxes": boxes, "height": len(shown) * STEP, "words": words}


def _link(source: int, target: int) -> str:
    """Draw a line to the next row, and a bow around the rows that a shortcut passes by."""
    bottom = target * STEP + 4
    if target == source + 1:
        return f"M {MIDDLE} {source * STEP + 4 + BOX} V {bottom}"
    return _bow(source, bottom, side=max(4, 20 - 4 * (target - source)))


def _bow(source: int, bottom: int, *, side: int) -> str:
    """Draw a bow from a row to a height; around a residual block it is the input that is added to its output."""
    top = source * STEP + 4 + BOX
    return f"M {MIDDLE} {top} C {side} {top} {side} {bottom} {MIDDLE} {bottom}"


@dataclass(frozen=True)
class LogScale:
    """Lengths of bars in percent; `first` is where the scale begins, `step` what ten times as many takes."""

    first: int
    step: float
    shares: Sequence[float]


def log_scale(counts: Sequence[int]) -> LogScale:
    """Lay positive numbers out from the power of ten below the smallest to the largest."""
    counts = [max(1, count) for count in counts]
    lowest = max(0, floor(log10(min(counts)) - 1e-9))  # below the smallest even where that is a power of ten
    step = 100 / max(1e-9, log10(max(counts)) - lowest)
    return LogScale(10**lowest, step, [step * (log10(count) - lowest) for count in counts])


def curves(history: pd.DataFrame) -> dict[str, Any]:
    """Scale the columns train_loss and valid_loss to the plot's frame, epochs from left to right."""
    most = float(history[["train_loss", "valid_loss"]].max().max()) or 1.0
    last = len(history)

    def points(losses: pd.Series) -> str:
        places = [36 + 360 * i / max(1, last - 1) for i in range(last)]
        return " ".join(
            f"{x:.1f},{150 - 140 * loss / most:.1f}" for x, loss in zip(places, losses.tolist(), strict=True)
        )

    train, valid = history["train_loss"], history["valid_loss"]
    words = (
        f"Loss over {last} epochs: on training photos from {train.iloc[0]:.3g} to {train.iloc[-1]:.3g}, "
        f"on photos kept aside from {valid.iloc[0]:.3g} to {valid.iloc[-1]:.3g}"
    )
    return {"train": points(train), "valid": points(valid), "epochs": last, "most": most, "words": words}
