"""Survey the models of keras.applications, so that `plan` can count a backbone without Keras.

    python -m benchmarks.survey [NAME ...]

Writes pixelproof/network/cnn/layout/backbones.json (of the models named only, or of all): run it when Keras changes.
The side of every layer's output is floor((n + offset) / stride) for images of n pixels: a window of F pixels, stride S
and P pixels of padding turns a side into floor((side - F + P) / S) + 1, and such nested floors combine into one.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

TABLE = Path(__file__).parents[1] / "pixelproof/network/cnn/layout/backbones.json"
# Sides at which layers that pad leftover pixels (by none or one) pad most, for either kind of first window; and one
# more, at which the survey is checked.
SIDES = (257, 259, 334)
CHANNELS = 3
MODES = ("caffe", "tf", "torch")


@dataclass(frozen=True)
class Grid:
    """The grid of a layer's outputs on the image: floor((n + offset) / stride) a side; each sees `field` pixels."""

    stride: int = 1
    offset: int = 0
    field: int = 1

    def side(self, pixels: int) -> int:
        return (pixels + self.offset) // self.stride

    def pad(self, pixels: int) -> "Grid":
        return replace(self, offset=self.offset + pixels * self.stride)

    def slide(self, size: int, stride: int, dilation: int, padding: str) -> "Grid":
        reach = dilation * (size - 1) + 1
        steps = stride - reach if padding == "valid" else stride - 1
        return Grid(self.stride * stride, self.offset + self.stride * steps, self.field + (reach - 1) * self.stride)


def models() -> list[str]:
    """Return the names of all models of keras.applications."""
    return sorted(name for name in dir(keras.applications) if name[0].isupper())


def survey(name: str) -> dict[str, Any]:
    """Return a model's entry in the table. Raises AssertionError if a layer's shape is not as computed."""
    make = getattr(keras.applications, name)
    padding = widest_padding(make)
    model = make(weights=None, include_top=False, input_shape=(SIDES[-1], SIDES[-1], CHANNELS))
    grids = lay_grids(model, padding)
    output = next(grid for grid in reversed(grids.values()) if grid)
    return {
        "preprocessing": preprocessing(make),
        "min_side": least_side(make),
        "output": {**vars(output), "channels": model.output.shape[-1]},
        "parameters": model.count_params(),
        "grids": costs(grids),
        "trainable": {layer.name: count for layer in model.layers if (count := trainable(layer))},
    }


def widest_padding(make: Any) -> dict[str, int]:
    """Return how many rows of zeros each padding layer adds: the most, where that depends on the side."""
    widest: dict[str, int] = {}
    for side in SIDES[:-1]:
        keras.backend.clear_session()
        for layer in make(weights=None, include_top=False, input_shape=(side, side, CHANNELS)).layers:
            if isinstance(layer, keras.layers.ZeroPadding2D):
                widest[layer.name] = max(sum(layer.padding[0]), widest.get(layer.name, 0))
    keras.backend.clear_session()
    return widest


def lay_grids(model: keras.Model, padding: Mapping[str, int]) -> dict[Any, Grid | None]:
    """Return the grid of each node (a reused layer is another node), inputs first.

    None where a layer has one output for the whole image.
    """
    grids: dict[Any, Grid | None] = {}
    for depth in sorted(model._nodes_by_depth, reverse=True):
        for node in model._nodes_by_depth[depth]:
            found = grid(node.operation, [grids[parent] for parent in node.parent_nodes], padding)
            grids[node] = found
            shape = node.outputs[0].shape
            expected = (1, 1) if found is None else (found.side(SIDES[-1]),) * 2
            pads = isinstance(node.operation, keras.layers.ZeroPadding2D)  # depending on what this side leaves over
            assert pads or len(shape) == 2 or shape[1:3] == expected, f"{model.name}.{node.operation.name}: {shape}"
    return grids


def grid(layer: Any, sources: list[Grid | None], padding: Mapping[str, int]) -> Grid | None:
    images = [source for source in sources if source is not None]
    if isinstance(layer, keras.layers.InputLayer):
        return Grid()
    if not images or isinstance(layer, keras.layers.GlobalAveragePooling2D | keras.layers.GlobalMaxPooling2D):
        return None
    before = max(images, key=lambda source: source.field)
    match layer:
        case keras.Sequential():
            for inner in layer.layers:
                before = grid(inner, [before], padding) or before
            return before
        case keras.layers.ZeroPadding2D():
            return before.pad(padding[layer.name])
        case keras.layers.Cropping2D():
            return before.pad(-sum(layer.cropping[0]))
        case keras.layers.MaxPooling2D() | keras.layers.AveragePooling2D():
            return before.slide(layer.pool_size[0], layer.strides[0], 1, layer.padding)
    if hasattr(layer, "kernel_size"):
        stride = layer.strides if isinstance(layer.strides, int) else layer.strides[0]
        return before.slide(layer.kernel_size[0], stride, layer.dilation_rate[0], layer.padding)
    return before


def costs(grids: Mapping[Any, Grid | None]) -> list[list[int]]:
    """Return rows of [stride, offset, multiply-adds for each output position, values kept for each].

    A row with stride 0 counts what is computed once for the whole image.
    """
    rows: dict[tuple[int, int], list[int]] = {}
    for node, found in grids.items():
        if isinstance(node.operation, keras.layers.InputLayer | keras.layers.ZeroPadding2D | keras.layers.Cropping2D):
            continue
        row = rows.setdefault((found.stride, found.offset) if found else (0, 0), [0, 0])
        row[0] += sum(int(np.prod(kernel.shape)) for kernel in kernels(node.operation))
        row[1] += node.outputs[0].shape[-1]
    return [[*key, *row] for key, row in rows.items()]


def kernels(layer: Any) -> list[Any]:
    """Return the weights that each output position is multiplied by: one multiply-add per weight."""
    if isinstance(layer, keras.Sequential):
        return [kernel for inner in layer.layers for kernel in kernels(inner)]
    multiplies = hasattr(layer, "kernel_size") or isinstance(layer, keras.layers.Dense)
    return [weight for weight in layer.weights if len(weight.shape) > 1] if multiplies else []


def trainable(layer: keras.Layer) -> int:
    """Return how many parameters training may change; batch normalisation stays frozen, see `backbone_model`."""
    if isinstance(layer, keras.layers.BatchNormalization):
        return 0
    return sum(int(np.prod(weight.shape)) for weight in layer.trainable_weights)


def preprocessing(make: Any) -> str:
    """Return how the model's module preprocesses pixels: a mode of Keras, or `none` if the model itself does it."""
    pixels = np.arange(12, dtype="float32").reshape(1, 2, 2, 3) * 20
    prepared = sys.modules[make.__module__].preprocess_input(pixels.copy())
    for mode in MODES:
        if np.allclose(prepared, keras.applications.imagenet_utils.preprocess_input(pixels.copy(), mode=mode)):
            return mode
    assert np.array_equal(prepared, pixels)
    return "none"


def least_side(make: Any) -> int:
    """Return the smallest side in pixels that Keras accepts, taken from its error message."""
    try:
        make(weights=None, include_top=False, input_shape=(1, 1, CHANNELS))
    except ValueError as error:
        return int(str(error).partition("at least ")[2].partition("x")[0])
    raise AssertionError(f"{make.__name__} takes one pixel")


def main() -> None:
    table = json.loads(TABLE.read_text("utf-8")) if TABLE.is_file() else {}
    for name in sys.argv[1:] or models():
        table[name] = survey(name)
        sys.stderr.write(f"{name}\n")
        lines = (f"{json.dumps(key)}: {json.dumps(table[key])}" for key in sorted(table))
        TABLE.write_text("{\n" + ",\n".join(lines) + "\n}\n", "utf-8")


if __name__ == "__main__":
    main()
