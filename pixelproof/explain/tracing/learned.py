"""The snapshots of a training as the page needs them: the weights of each layer, epoch by epoch."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from pixelproof.explain.tracing.kinds import describe
from pixelproof.explain.tracing.stages import calls

if TYPE_CHECKING:
    import keras

LayerWeights = Mapping[str, np.ndarray]  # by the page's names, as `Kind` has them


@dataclass(frozen=True)
class LearnedEpoch:
    """The weights after an epoch (0: before the first step), for each layer of the trace; float16 or float32."""

    epoch: int
    layers: Sequence[LayerWeights]


def learned(model: "keras.Model", snapshots: Mapping[int, Sequence[np.ndarray]]) -> list[LearnedEpoch]:
    """Return the snapshots by layer, in the order of `trace`; the model has its own weights again afterwards.

    snapshots  by epoch, the arrays in the order of Keras's `get_weights`
    """
    own = model.get_weights()
    try:
        return [_learned(model, epoch, weights) for epoch, weights in snapshots.items()]
    finally:
        model.set_weights(own)


def _learned(model: "keras.Model", epoch: int, weights: Sequence[np.ndarray]) -> LearnedEpoch:
    model.set_weights([weight.astype(np.float32) for weight in weights])
    kinds = [describe(node.operation) for node in calls(model)]
    smallest = np.float32 if any(weight.dtype == np.float32 for weight in weights) else np.float16
    layers = [{name: array.astype(smallest) for name, array in kind.weights.items()} if kind else {} for kind in kinds]
    return LearnedEpoch(epoch, layers)


def write_learned(epochs: Sequence[LearnedEpoch], path: Path) -> None:
    """Write the epochs as one `.npz` file, which `numpy.load` opens without pickle."""
    arrays = {
        f"{each.epoch}/{number}/{name}": array
        for each in epochs
        for number, layer in enumerate(each.layers)
        for name, array in layer.items()
    }
    counts = {"epochs": [each.epoch for each in epochs], "layers": len(epochs[0].layers) if epochs else 0}
    numbers = {name: np.array(value, np.int64) for name, value in counts.items()}
    np.savez_compressed(path, allow_pickle=False, **numbers, **arrays)


def read_learned(path: Path) -> list[LearnedEpoch]:
    """Return what `write_learned` wrote; nothing where there is no file."""
    if not path.exists():
        return []
    with np.load(path, allow_pickle=False) as arrays:
        layers: dict[int, list[dict[str, np.ndarray]]] = {
            int(epoch): [{} for _ in range(int(arrays["layers"]))] for epoch in arrays["epochs"]
        }
        for key in arrays.files:
            epoch, _, place = key.partition("/")
            if place:
                number, _, name = place.partition("/")
                layers[int(epoch)][int(number)][name] = arrays[key]
    return [LearnedEpoch(epoch, weights) for epoch, weights in layers.items()]
