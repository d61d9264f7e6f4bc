"""Shapes and costs of backbones (models of keras.applications without their heads), from a table, without Keras.

`benchmarks.survey` generates the table; a test compares it with the models that Keras builds.
"""

import json
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from itertools import dropwhile
from pathlib import Path
from typing import Any

from pixelproof.errors import UserError
from pixelproof.network.cnn.layout.geometry import ReceptiveField
from pixelproof.network.cnn.layout.layers import ComputedLayer, Shape
from pixelproof.params.cnn import Backbone

TABLE = Path(__file__).with_name("backbones.json")


@cache
def table() -> Mapping[str, Any]:
    """Return an entry per model, by name."""
    content: dict[str, Any] = json.loads(TABLE.read_text("utf-8"))
    return content


def table_entry(backbone: Backbone) -> Mapping[str, Any]:
    """Return the backbone's entry in the table. Raises UserError for a name or a layer that Keras does not have."""
    found: Mapping[str, Any] | None = table().get(backbone.name)
    if found is None:
        raise UserError(
            f"cnn.backbone.name: keras.applications has no {backbone.name!r}{_nearest(backbone.name, table())}. "
            f"Known: {', '.join(table())}."
        )
    if backbone.trainable_from not in ("none", "all", *found["trainable"]):
        raise UserError(
            f"cnn.backbone.trainable_from: {backbone.name} has no layer with weights named "
            f"{backbone.trainable_from!r}{_nearest(backbone.trainable_from, found['trainable'])}. "
            "Expected none, all, or the first layer to train; docs/networks.md shows how to list them."
        )
    return found


def _nearest(name: str, known: Mapping[str, Any]) -> str:
    close = get_close_matches(name, known, n=1, cutoff=0.5)
    return f" (did you mean {close[0]!r}?)" if close else ""


def trained_layers(backbone: Backbone) -> list[str]:
    """Return the names of the trained layers that have weights, in Keras's order."""
    layers = list(table_entry(backbone)["trainable"])
    if backbone.trainable_from == "none":
        return []
    return (
        layers
        if backbone.trainable_from == "all"
        else list(dropwhile(lambda name: name != backbone.trainable_from, layers))
    )


def compute_backbone(backbone: Backbone, shape: Shape) -> ComputedLayer:
    """Compute a backbone. Raises UserError if the images are too small or the weights file is missing."""
    known = table_entry(backbone)
    height, width = shape[0], shape[1]
    if min(height, width) < known["min_side"]:
        raise UserError(
            f"cnn.backbone: {backbone.name} needs at least {known['min_side']} pixels a side, but the images are "
            f"{height} x {width}. Raise resize.height_px and resize.width_px, or take another backbone."
        )
    if backbone.weights not in ("imagenet", "none") and not Path(backbone.weights).is_file():
        raise UserError(
            f"cnn.backbone.weights: there is no file {backbone.weights!r}. Expected imagenet, none, or a weights file."
        )
    end = known["output"]
    rows, columns = (_side(side, end["stride"], end["offset"]) for side in (height, width))
    formulas = [
        f"floor(({side} + {end['offset']})/{end['stride']}) = {out}" for side, out in ((height, rows), (width, columns))
    ]
    positions = [
        (_side(height, stride, offset) * _side(width, stride, offset) if stride else 1)
        for stride, offset, *_ in known["grids"]
    ]
    trained = sum(known["trainable"][layer] for layer in trained_layers(backbone))
    return ComputedLayer(
        (rows, columns, end["channels"]),
        ", ".join(dict.fromkeys(formulas)).replace("+ -", "- "),
        known["parameters"],
        f"{backbone.name} without its own head = {known['parameters']}",
        frozen=known["parameters"] - trained,
        multiply_adds=sum(count * row[2] for count, row in zip(positions, known["grids"], strict=True)),
        inner_values=sum(count * row[3] for count, row in zip(positions, known["grids"], strict=True)),
    )


def _side(pixels: int, stride: int, offset: int) -> int:
    return int((pixels + offset) // stride)


def backbone_receptive_field(backbone: Backbone, image: Shape, output: Shape) -> ReceptiveField:
    """Return the receptive field of a backbone's output, by its windows; means over the whole image do not count.

    All fields together lie in the middle of the image, to a pixel or two: the table does not know of the padding.
    """
    end = table_entry(backbone)["output"]
    field, stride = end["field"], end["stride"]
    top, left = ((image[axis] - (output[axis] - 1) * stride - field) // 2 for axis in (0, 1))
    return ReceptiveField((field, field), (stride, stride), (top, left))
