"""A trained network as the page needs it, without Keras: its graph of layers, and what each makes of some photos."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from pixelproof.explain.tracing.kinds import Kind

DESCRIPTION = "trace"  # the entry of the file that holds all but the arrays, as JSON


@dataclass(frozen=True)
class Inside:
    """What a network within the network, or a stage of it, is made of."""

    layers: int
    convolutions: int


@dataclass(frozen=True)
class TracedLayer:
    """A layer of the trained network, with what it makes of the photos."""

    name: str
    class_name: str  # Keras's
    inputs: Sequence[int]  # which layers before it feed it
    outputs: np.ndarray  # float32 (photos, *shape)
    kind: Kind | None  # None: the page has no arithmetic for it
    parameters: int
    inside: Inside | None = None  # of a network within the network, or a stage of it, without a kind of its own

    @property
    def shape(self) -> tuple[int, ...]:
        return self.outputs.shape[1:]

    @property
    def multiply_adds(self) -> int:
        """The products that one photo needs; 0 for layers without a matrix of weights."""
        if self.kind is None or "conv" not in self.kind.name:
            return 0
        positions = prod(self.shape[:2])
        return positions * sum(weights.size for name, weights in self.kind.weights.items() if name != "bias")


@dataclass(frozen=True)
class Trace:
    """What the layers of a network make of some photos; `ids` names the photos."""

    ids: list[str]
    layers: list[TracedLayer]
    mirrored: bool  # the network's answer is the mean of those to a photo and to its mirror image


def write_trace(trace: Trace, path: Path) -> None:
    """Write a trace as one `.npz` file, which `numpy.load` opens without pickle."""
    arrays = {f"{number}/outputs": layer.outputs for number, layer in enumerate(trace.layers)}
    for number, layer in enumerate(trace.layers):
        weights = layer.kind.weights if layer.kind else {}
        arrays |= {f"{number}/weights/{name}": array for name, array in weights.items()}
    layers = [_described(layer) for layer in trace.layers]
    description = {"ids": trace.ids, "layers": layers, "mirrored": trace.mirrored}
    with path.open("wb") as file:
        np.savez(file, allow_pickle=False, **{DESCRIPTION: np.array(json.dumps(description))}, **arrays)


def _described(layer: TracedLayer) -> dict[str, Any]:
    kind = layer.kind and {
        "name": layer.kind.name,
        "options": dict(layer.kind.options),
        "weights": list(layer.kind.weights),
    }
    own = {"name": layer.name, "class_name": layer.class_name, "inputs": list(layer.inputs)}
    inside = layer.inside and asdict(layer.inside)
    return {**own, "kind": kind, "parameters": layer.parameters, "inside": inside}


def read_trace(path: Path) -> Trace:
    """Return the trace that `write_trace` wrote, to the bit."""
    with np.load(path, allow_pickle=False) as arrays:
        description = json.loads(str(arrays[DESCRIPTION]))
        layers = [_restored(number, layer, arrays) for number, layer in enumerate(description["layers"])]
    return Trace(description["ids"], layers, description["mirrored"])


def _restored(number: int, layer: Mapping[str, Any], arrays: Mapping[str, np.ndarray]) -> TracedLayer:
    kind = layer["kind"]
    if kind is not None:
        weights = {name: arrays[f"{number}/weights/{name}"] for name in kind["weights"]}
        kind = Kind(kind["name"], kind["options"], weights)
    outputs = arrays[f"{number}/outputs"]
    inside = layer["inside"] and Inside(**layer["inside"])
    return TracedLayer(layer["name"], layer["class_name"], layer["inputs"], outputs, kind, layer["parameters"], inside)
