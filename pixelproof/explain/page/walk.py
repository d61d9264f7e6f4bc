"""The article, step by step, as the template needs it: every number computed from the user's photo and network."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

import numpy as np

from pixelproof.explain.page import article
from pixelproof.explain.page.loss import written_loss
from pixelproof.explain.page.padding import print_formula, sense, strips
from pixelproof.explain.pictures.arithmetic import convolve
from pixelproof.explain.pictures.cases import ARTICLE_IMAGE, ARTICLE_WEIGHTS, Case, five_cases, three_poolings
from pixelproof.explain.pictures.filters import classic_filters
from pixelproof.explain.pictures.patch import example_patch
from pixelproof.explain.pictures.sheets import all_sheets, enlarge, grey
from pixelproof.explain.tracing.photos import Shown
from pixelproof.explain.tracing.traced import TracedLayer

WHOLE_PX = 32  # up to this width the whole photo is written out in numbers
FINISHING = {"conv", "depthwise_conv", "separable_conv", "dense", "activation", "batch_norm", "dropout"}
PART_PX = 10  # of a larger one, a part


@dataclass(frozen=True)
class LayerRow:
    """A layer in the table of shapes."""

    layer: TracedLayer
    formula: str
    parameters_formula: str


def walk(
    shown: Shown, layers: Sequence[TracedLayer], plans: Mapping[str, Any], classes: Sequence[str], *, seed: int
) -> dict[str, Any]:
    """Return what the template shows; `plans` holds the content of reports/plan/<model>.json by model."""
    photo = enlarge(shown.images[0])
    brightness = grey(photo).round().astype(int)
    sheets = all_sheets(photo, layers, seed=seed)
    return {
        "photo": photo,
        "matrices": pixel_matrices(photo),
        "cases": five_cases(example_patch(brightness, 4)),
        "example": worked_example(ARTICLE_IMAGE),
        "own_example": worked_example(example_patch(brightness, 6, 3)),
        "strips": strips(),
        "activated": activated(convolve(ARTICLE_IMAGE, ARTICLE_WEIGHTS)),
        "filters": classic_filters(photo.shape[2]),
        "poolings": three_poolings(example_patch(brightness, 4)),
        "sheets": {sheet.name: sheet for sheet in sheets},
        "depth": article.convolved((32, 32, 3), filters=10, kernel=5),
        "size": article.convolved((32, 32, 3), filters=10, kernel=3),
        "rows": rows(layers, plans["cnn"]),
        "convolutions": [layer for layer in layers if layer.kind and "conv" in layer.kind.name],
        "finishing": [layer for layer in layers if layer.kind and layer.kind.name in FINISHING],
        "stages": [layer for layer in layers if layer.inside and layer.inside.convolutions],
        "answer": answer(shown, classes),
        "designs": article.article_designs(),
        "deeper": article.deeper_designs(),
        "own_mlps": own_mlps(shown.images.shape[1:], len(classes)),
    }


def pixel_matrices(photo: np.ndarray) -> list[tuple[str, np.ndarray]]:
    """Return (channel's name, its pixels): the whole photo where it is small, else an example of it."""
    is_small = photo.shape[1] <= WHOLE_PX and photo.shape[2] == 1
    part = photo if is_small else example_patch(photo, min(PART_PX, *photo.shape[:2]), 3)
    names = ["grey"] if photo.shape[2] == 1 else ["red", "green", "blue"]
    return [(name, part[:, :, channel]) for channel, name in enumerate(names)]


def worked_example(image: np.ndarray) -> Case:
    """Slide the article's 3 x 3 weights over a picture."""
    output = convolve(image, ARTICLE_WEIGHTS)
    return Case("", "", image, [ARTICLE_WEIGHTS], [output])


def activated(sums: np.ndarray, bias: int = -650) -> dict[str, Any]:
    """Add a bias to sums, and take their ReLU."""
    return {"sums": sums, "bias": bias, "biased": sums + bias, "relu": np.maximum(sums + bias, 0)}


def rows(layers: Sequence[TracedLayer], plan: Mapping[str, Any]) -> list[LayerRow]:
    planned = {entry["name"]: entry for entry in planned_layers(plan)}
    return [_row(layer, layers, planned.get(layer.name, {})) for layer in layers]


def _row(layer: TracedLayer, layers: Sequence[TracedLayer], planned: Mapping[str, Any]) -> LayerRow:
    inputs = layers[layer.inputs[0]].shape if layer.inputs else ()
    size = sense(layer, inputs, planned.get("shape_formula", ""))
    return LayerRow(layer, size, print_formula(planned.get("parameters_formula", "")))


def planned_layers(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Yield every planned layer, also those inside of others."""
    for entry in plan.get("layers") or []:
        yield entry
        yield from planned_layers(entry)


def answer(shown: Shown, classes: Sequence[str]) -> dict[str, Any]:
    """Return what the network says of the photo that it is least sure of, and the loss: the cross-entropy."""
    photo = int(shown.probabilities.max(axis=1).argmin())
    truth = float(shown.probabilities[photo, shown.labels[photo]])
    return {
        "photo": shown.images[photo],
        "label": classes[shown.labels[photo]],
        "predicted": classes[shown.predicted[photo]],
        "written": written_loss(truth),
        "guess": log(len(classes)),
    }


def own_mlps(shape: tuple[int, ...], classes: int) -> list[article.Design]:
    """Return MLPs of three widths for the user's own photos."""
    plans = [(hidden, article.mlp(hidden, shape, classes)) for hidden in ([], [50], [100])]
    names = ["MLP without hidden layer", "MLP with 50 hidden units", "MLP with 100 hidden units"]
    return [
        article.Design(name, "", plan.parameters, article.formula(plan))
        for name, (_, plan) in zip(names, plans, strict=True)
    ]
