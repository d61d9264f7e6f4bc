"""Line drawings of the page as numbers for SVG: the network from top to bottom, and the training curves."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import log, prod
from typing import Any

import pandas as pd

from pixelproof.explain.tracing.traced import TracedLayer

STEP, BOX = 34, 22  # from one layer to the next, and a layer's own height, in SVG units
MIDDLE, WIDEST = 100, 150


@dataclass(frozen=True)
class Box:
    layer: TracedLayer
    x: float
    y: int
    width: float
    links: Sequence[str]  # paths from the layers that feed it


def diagram(layers: Sequence[TracedLayer]) -> dict[str, Any]:
    """Lay out one box per layer; its width grows with the logarithm of how many numbers it puts out."""
    largest = max(log(1 + prod(layer.shape)) for layer in layers)
    boxes = []
    for number, layer in enumerate(layers):
        width = round(WIDEST * log(1 + prod(layer.shape)) / largest, 1)
        links = [_link(source, number) for source in layer.inputs]
        boxes.append(Box(layer, MIDDLE - width / 2, number * STEP + 4, width, links))
    words = "The network, layer by layer: " + ", ".join(
        f"{layer.name} {' by '.join(map(str, layer.shape))}" for layer in layers
    )
    return {"boxes": boxes, "height": len(layers) * STEP, "words": words}


def _link(source: int, target: int) -> str:
    """Draw a line to the next layer, and a bow around the layers that a shortcut passes by."""
    top, bottom = source * STEP + 4 + BOX, target * STEP + 4
    if target == source + 1:
        return f"M {MIDDLE} {top} V {bottom}"
    side = max(4, 20 - 4 * (target - source))
    return f"M {MIDDLE} {top} C {side} {top} {side} {bottom} {MIDDLE} {bottom}"


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
