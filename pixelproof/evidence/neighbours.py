"""The training photos that a network sees most like a photo, by the cosine distance of its features."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from pixelproof import console
from pixelproof.data.images.parts import positions, read_splits
from pixelproof.data.images.store import DESCRIPTION, ImageStore, images_at_once
from pixelproof.evidence.features import Features, features_of, of_length_one
from pixelproof.files import replacing
from pixelproof.inference.preprocessing import Preprocessing
from pixelproof.paths import RESIZED, SPLITS, WORK

EMBEDDED = WORK / "evidence"
KEPT = 4  # of the latest models' files
ROWS_AT_ONCE = 4096  # of features: in memory is never more than so many


@dataclass(frozen=True)
class Neighbour:
    """A training photo, with its distance: 0 for the same direction of features, 1 for nothing in common."""

    id: str
    label: str
    image: np.ndarray  # uint8 (height, width, channels)
    distance: float


@dataclass(frozen=True)
class TrainingPhotos:
    """The photos that a model was trained on, as its last hidden layer sees them."""

    store: ImageStore
    positions: np.ndarray  # in the store, of the training part
    features: Features
    embedded: np.ndarray  # float32 (photos, features), of length 1; mapped from a file

    @classmethod
    def of(cls, model: Any, preprocessing: Preprocessing) -> "TrainingPhotos | None":
        """Return the training photos of this folder; None where it has none, or those of another model.

        Their features are computed once for each model, and kept in .work/.
        """
        store = _store_for(preprocessing)
        if store is None or model is None:
            return None
        chosen = positions(store.index, read_splits(SPLITS), "train")
        features, weights = features_of(model)
        path = EMBEDDED / f"{_fingerprint(weights, store, chosen)}.npy"
        if not path.exists():
            _embed(features, store, chosen, path)
        return cls(store, chosen, features, np.load(path, mmap_mode="r"))

    def nearest(self, image: np.ndarray, count: int) -> list[Neighbour]:
        """Return the `count` nearest training photos of an image, uint8 (height, width, channels), nearest first."""
        own = of_length_one(self.features(image[np.newaxis]))[0]
        starts = range(0, len(self.embedded), ROWS_AT_ONCE)
        distances = 1 - np.concatenate([self.embedded[start : start + ROWS_AT_ONCE] @ own for start in starts])
        first = np.argsort(distances, kind="stable")[:count]
        images, rows = self.store.gather(self.positions[first]), self.store.index.iloc[self.positions[first]]
        return [
            Neighbour(str(id), str(label), image, max(0.0, float(distance)))
            for id, label, image, distance in zip(rows["id"], rows["label"], images, distances[first], strict=True)
        ]


def _store_for(preprocessing: Preprocessing) -> ImageStore | None:
    """Return this folder's images if they are of the shape, the fit and the classes that a model takes."""
    if not (RESIZED / DESCRIPTION).is_file() or not SPLITS.is_file():
        return None
    store = ImageStore.open(RESIZED)
    same = store.shape == preprocessing.shape and store.classes == preprocessing.classes
    return store if same and store.made_with.get("fit") == preprocessing.fit else None


def _fingerprint(weights: Iterable[np.ndarray], store: ImageStore, chosen: np.ndarray) -> str:
    digest = hashlib.blake2b(digest_size=16)
    for array in (*weights, chosen, *store.shards):
        digest.update(repr((array.shape, array.dtype)).encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def _embed(features: Features, store: ImageStore, chosen: np.ndarray, path: Path) -> None:
    """Write the features of all chosen images as one array, and remove those of models of long ago."""
    with replacing(path) as beside:
        batches = _features_in_batches(features, store, chosen)
        first = next(batches)
        array = np.lib.format.open_memmap(beside, "w+", np.float32, (len(chosen), first.shape[1]))
        row = 0
        for batch in chain([first], batches):
            array[row : row + len(batch)] = batch
            row += len(batch)
        array.flush()
    for old in sorted(path.parent.glob("*.npy"), key=lambda file: file.stat().st_mtime)[:-KEPT]:
        old.unlink(missing_ok=True)


def _features_in_batches(features: Features, store: ImageStore, chosen: np.ndarray) -> Iterator[np.ndarray]:
    size = images_at_once(store.shape)
    starts = range(0, len(chosen), size)
    for start in console.progress(starts, "training photos, once", len(starts)):
        yield of_length_one(features(store.gather(chosen[start : start + size])))
