"""What the maps of each convolution look for: the patches that excite them most, and how they tell classes apart."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy.stats import mannwhitneyu

from pixelproof.explain.page.charts import Chart, Line, across, height
from pixelproof.explain.tracing.excited import ExcitedLayer, selectivity

MAPS = 24  # of each layer
SIDE, GAP, ACROSS = 26, 2, 3  # pixels of a patch and between two, and patches in a row
NOTHING = 128  # the grey of what lies outside the photo
CHANCE = 0.05

Gather = Callable[[np.ndarray], np.ndarray]  # positions to images, uint8 (n, height, width, channels)


class Field(NamedTuple):
    """Where the outputs of a layer look, as (down, right) in pixels; see `ReceptiveField`."""

    size: tuple[int, int]
    stride: tuple[int, int]
    start: tuple[int, int]


class SoughtMap(NamedTuple):
    number: int  # counted from 1
    patches: np.ndarray  # uint8 (height, width, channels), the nine in a square
    says: str


@dataclass(frozen=True)
class SoughtLayer:
    name: str
    field: str  # "5 × 5"
    maps: Sequence[SoughtMap]
    of: int  # how many maps it has


def seeking(
    layers: Sequence[ExcitedLayer], plan: Mapping[str, Any], gather: Gather, classes: Sequence[str]
) -> dict[str, Any]:
    """Return what templates/steps_seeking.html shows; plan: the content of reports/plan/cnn.json."""
    fields = {entry["name"]: _field(entry) for entry in plan["layers"]}
    indices = {layer.name: index for layer in layers if (index := selectivity(layer.means)) is not None}
    return {
        "layers": [_layer(layer, field, gather, classes) for layer in layers if (field := fields.get(layer.name))],
        "chart": _chart(indices) if len(indices) > 1 else None,
        "verdict": _verdict(indices),
    }


def _field(entry: Mapping[str, Any]) -> Field | None:
    keys = ("receptive_field", "field_stride", "field_start")
    return Field(*(tuple(entry[key]) for key in keys)) if entry.get("receptive_field") else None


def _layer(layer: ExcitedLayer, field: Field, gather: Gather, classes: Sequence[str]) -> SoughtLayer:
    index = selectivity(layer.means)
    maps = [
        SoughtMap(
            number + 1, _square(layer, number, field, gather), _says(layer.means[:, number], index, number, classes)
        )
        for number in range(min(MAPS, len(layer.photos)))
    ]
    return SoughtLayer(layer.name, " × ".join(map(str, field.size)), maps, len(layer.photos))


def _says(means: np.ndarray, index: np.ndarray | None, number: int, classes: Sequence[str]) -> str:
    if not means.any():
        return "nothing excites it"
    favourite = classes[int(np.argmax(means))]
    return f"class {favourite}" + ("" if index is None else f", {index[number]:.2f}")


def _square(layer: ExcitedLayer, number: int, field: Field, gather: Gather) -> np.ndarray:
    there = layer.photos[number] >= 0
    images = gather(layer.photos[number][there])
    places = layer.places[number][there]
    side = ACROSS * (SIDE + GAP) - GAP
    square = np.full((side, side, images.shape[3]), 255, np.uint8)
    for place, (image, at) in enumerate(zip(images, places, strict=True)):
        row, column = (part * (SIDE + GAP) for part in divmod(place, ACROSS))
        square[row : row + SIDE, column : column + SIDE] = _fitted(patch(image, at, field))
    return square


def patch(image: np.ndarray, place: Sequence[int], field: Field) -> np.ndarray:
    """Return what an output at a place (row, column) sees of an image, grey outside; of a wider field all of it."""
    for axis in (0, 1):
        if field.size[axis] < image.shape[axis]:
            begin = field.start[axis] + int(place[axis]) * field.stride[axis]
            image = _cut(image, axis, begin, field.size[axis])
    return image


def _cut(image: np.ndarray, axis: int, begin: int, size: int) -> np.ndarray:
    """Return `size` pixels along an axis from `begin` on, grey where the image has none."""
    around = [(size, size) if each == axis else (0, 0) for each in range(3)]
    padded = np.pad(image, around, constant_values=NOTHING)
    return np.take(padded, range(begin + size, begin + 2 * size), axis)


def _fitted(pixels: np.ndarray) -> np.ndarray:
    """Return a patch with sides of SIDE pixels, each the nearest one of the patch."""
    rows, columns = (np.arange(SIDE) * side // SIDE for side in pixels.shape[:2])
    fitted: np.ndarray = pixels[rows][:, columns]
    return fitted


def _chart(indices: Mapping[str, np.ndarray]) -> Chart:
    places = across(len(indices))
    means = [float(index.mean()) for index in indices.values()]
    line = Line("cnn", [(x, height(mean)) for x, mean in zip(places, means, strict=True)])
    words = "Mean class selectivity by layer: " + ", ".join(
        f"{name} {mean:.2f}" for name, mean in zip(indices, means, strict=True)
    )
    ticks = [(places[0], "first"), (places[-1], "last")]
    return Chart("Mean class selectivity, in %", ticks, [line], words)


def _verdict(indices: Mapping[str, np.ndarray]) -> str:
    """Say whether the last convolution tells classes apart more than the first, by their maps."""
    if len(indices) < 2:
        return "With one convolution, or maps below zero, nothing can be said of how selectivity changes with depth."
    (first, before), *_, (last, after) = indices.items()
    p = float(mannwhitneyu(before, after).pvalue)
    found = f"{before.mean():.2f} in {first}, {after.mean():.2f} in {last} (Mann-Whitney p = {p:.2g})"
    if p >= CHANCE:
        return f"In your network that does not show: mean selectivity is {found}, which chance can explain."
    if after.mean() > before.mean():
        return f"Your network bears that out: mean selectivity is {found}."
    return f"Your network does the opposite: mean selectivity is {found}."
