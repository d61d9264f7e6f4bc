"""What each map of a network looks for: the test photos that excite it most, and how it tells classes apart."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras

MOST = 9  # photos of each map
FOLLOWS = ("BatchNormalization", "Activation", "ReLU", "LeakyReLU", "ELU")  # what makes a map of a convolution's sums
AT_ONCE = 128 * 2**20  # bytes of maps that are computed together
Batches = Iterable[tuple[np.ndarray, np.ndarray]]  # uint8 (n, height, width, channels), and class numbers (n,)


@dataclass(frozen=True)
class ExcitedLayer:
    """The maps of a convolution, after its batch norm and activation, over all test photos."""

    name: str
    photos: np.ndarray  # int64 (maps, MOST), positions of the photos, the most exciting first; -1: none
    places: np.ndarray  # int64 (maps, MOST, 2), row and column in the map
    values: np.ndarray  # float32 (maps, MOST)
    means: np.ndarray  # float64 (classes, maps), of all places of all photos of a class

    def of_store(self, positions: np.ndarray) -> "ExcitedLayer":
        """Return it with the positions in a store of what were positions among the photos."""
        return replace(self, photos=np.where(self.photos < 0, -1, positions[self.photos]))


def excited(model: "keras.Model", batches: Batches, classes: int) -> list[ExcitedLayer]:
    """Return what excites the maps of each convolution of a functional Keras model, in the order of computation.

    A photo counts once for a map, by its strongest place.
    """
    import keras

    ends = dict(_maps(model))
    if not ends:
        return []
    tapped = keras.Model(model.inputs, list(ends.values()))
    strongest = [_Strongest(int(end.shape[-1]), classes) for end in ends.values()]
    at_once = max(1, AT_ONCE // sum(4 * prod(end.shape[1:]) for end in ends.values()))
    for images, labels in _pieces(batches, at_once):
        outputs = tapped.predict_on_batch(images)
        for own, output in zip(strongest, outputs if isinstance(outputs, list) else [outputs], strict=True):
            own.add(np.asarray(output, np.float32), labels)
    return [own.layer(name) for name, own in zip(ends, strongest, strict=True)]


def _pieces(batches: Batches, most: int) -> Batches:
    for images, labels in batches:
        for start in range(0, len(images), most):
            yield images[start : start + most], labels[start : start + most]


def _maps(model: "keras.Model") -> Iterator[tuple[str, Any]]:
    """Yield each convolution's name with the tensor of its maps; a network within the network is none."""
    from pixelproof.explain.tracing.stages import calls

    nodes = calls(model)
    readers: dict[int, list[Any]] = {}
    for node in nodes:
        for tensor in node.input_tensors:
            readers.setdefault(id(tensor), []).append(node)
    for node in nodes:
        if "Conv2D" in type(node.operation).__name__:
            yield node.operation.name, _after(node.output_tensors[0], readers)


def _after(tensor: Any, readers: Mapping[int, Sequence[Any]]) -> Any:
    """Follow a tensor through batch norm and activation, as long as nothing else reads it."""
    own = readers.get(id(tensor), [])
    if len(own) == 1 and type(own[0].operation).__name__ in FOLLOWS:
        return _after(own[0].output_tensors[0], readers)
    return tensor


class _Strongest:
    def __init__(self, maps: int, classes: int) -> None:
        self._photos = np.full((maps, MOST), -1)
        self._places = np.zeros((maps, MOST), np.int64)
        self._values = np.full((maps, MOST), -np.inf, np.float32)
        self._sums, self._counts = np.zeros((classes, maps)), np.zeros(classes)
        self._seen, self._columns = 0, 1

    def add(self, output: np.ndarray, labels: np.ndarray) -> None:
        self._columns = output.shape[2]
        flat = output.reshape(len(output), -1, output.shape[3])
        np.add.at(self._sums, labels, flat.mean(axis=1, dtype=np.float64))
        self._counts += np.bincount(labels, minlength=len(self._counts))
        numbers = np.broadcast_to(np.arange(len(output)) + self._seen, (len(self._photos), len(output)))
        values = np.concatenate([self._values, flat.max(axis=1).T], axis=1)
        kept = np.argsort(-values, axis=1, kind="stable")[:, :MOST]
        self._photos = np.take_along_axis(np.concatenate([self._photos, numbers], axis=1), kept, axis=1)
        self._places = np.take_along_axis(np.concatenate([self._places, flat.argmax(axis=1).T], axis=1), kept, axis=1)
        self._values = np.take_along_axis(values, kept, axis=1)
        self._seen += len(output)

    def layer(self, name: str) -> ExcitedLayer:
        means = self._sums / np.maximum(self._counts, 1)[:, None]
        places = np.stack(np.divmod(self._places, self._columns), axis=-1)
        return ExcitedLayer(name, self._photos, places, self._values, means)


def selectivity(means: np.ndarray) -> np.ndarray | None:
    """Return how far each map tells one class from the others, float64 (maps,) from 0 (not at all) to 1.

    means  (classes, maps), as `ExcitedLayer` has them
    The index of Morcos et al. 2018 (arXiv:1803.06959): the highest mean of a class less the mean of the others, by
    their sum; 0 for a map that nothing excites. It is defined for activations of 0 or more: None for others.
    """
    if len(means) < 2 or means.min() < 0:
        return None
    highest = means.max(axis=0)
    others = (means.sum(axis=0) - highest) / (len(means) - 1)
    total = highest + others
    index: np.ndarray = np.divide(highest - others, total, out=np.zeros_like(total), where=total > 0)
    return index


def write_excited(layers: Sequence[ExcitedLayer], path: Path) -> None:
    """Write layers as one `.npz` file, which `numpy.load` opens without pickle."""
    parts = ("photos", "places", "values", "means")
    arrays = {f"{number}/{part}": getattr(layer, part) for number, layer in enumerate(layers) for part in parts}
    np.savez_compressed(path, allow_pickle=False, names=np.array([layer.name for layer in layers], str), **arrays)


def read_excited(path: Path) -> list[ExcitedLayer]:
    """Return the layers that `write_excited` wrote."""
    with np.load(path, allow_pickle=False) as arrays:
        parts = ("photos", "places", "values", "means")
        return [
            ExcitedLayer(str(name), *(arrays[f"{number}/{part}"] for part in parts))
            for number, name in enumerate(arrays["names"])
        ]
