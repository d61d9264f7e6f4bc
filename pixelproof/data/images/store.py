"""The image store: a folder of `.npy` shards that `numpy.load` can open, an index, and a description.

images-000.npy ...   uint8 (n, height, width, channels), at most 256 MiB each, memory-mapped
index.parquet        a row per image: id, label, shard, row
store.json           version, height, width, channels, classes, images, the params that made it, and `accepts`
"""

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pixelproof.files import read_json, remove, write_json

VERSION = 1
SHARD_BYTES = 256 * 2**20
AT_ONCE = 256  # images of up to 128 x 128 x 3 bytes; fewer larger ones, with the same memory
DESCRIPTION = "store.json"

Images = np.ndarray[tuple[int, int, int, int], np.dtype[np.uint8]]  # (n, height, width, channels)
ImageShape = tuple[int, int, int]  # (height, width, channels)


def _shard_path(folder: Path, shard: int) -> Path:
    return folder / f"images-{shard:03d}.npy"


class StoreWriter:
    """Writes an image store; `write` puts images into their places on disk.

    Threads and processes may write different images concurrently. Nothing is mapped into memory, so a store of any
    size costs none.
    """

    def __init__(
        self,
        folder: Path,
        index: pd.DataFrame,
        shape: ImageShape,
        classes: list[str],
        made_with: Any,
        accepts: Mapping[str, int] | None = None,
    ) -> None:
        """Lay out a store for the rows of `index` (columns id, label), in their order.

        `accepts` keeps what a photo had to be to come in: min_side_px, max_megapixels. A store laid out by an
        interrupted run keeps its images.
        """
        self._folder = folder
        self._shape = shape
        self._rows = max(1, SHARD_BYTES // int(np.prod(shape)))
        if not (folder / DESCRIPTION).exists():
            self._lay_out(index, classes, {"made_with": made_with, "accepts": dict(accepts or {})})
        self._offset = np.load(_shard_path(folder, 0), mmap_mode="r").offset  # of the first image, after the header

    def _lay_out(self, index: pd.DataFrame, classes: list[str], origin: Mapping[str, Any]) -> None:
        remove(self._folder)
        self._folder.mkdir(parents=True)
        count = len(index)
        for shard in range(-(-count // self._rows)):
            rows = min(self._rows, count - shard * self._rows)
            np.lib.format.open_memmap(_shard_path(self._folder, shard), "w+", np.uint8, (rows, *self._shape))
        positions = np.arange(count)
        located = index[["id", "label"]].assign(shard=positions // self._rows, row=positions % self._rows)
        located.to_parquet(self._folder / "index.parquet", index=False)
        size = dict(zip(("height", "width", "channels"), self._shape, strict=True))
        description = {"version": VERSION, **size, "classes": classes, "images": count, **origin}
        write_json(self._folder / DESCRIPTION, description)  # last: it marks the layout as complete

    def write(self, start: int, images: Iterable[np.ndarray]) -> None:
        """Write images, uint8 (height, width, channels), at the positions from `start` on."""
        with ExitStack() as files:
            shards: dict[int, int] = {}
            for position, image in enumerate(images, start):
                if image.shape != self._shape or image.dtype != np.uint8:
                    raise ValueError(f"the store holds {self._shape} uint8, not {image.shape} {image.dtype}")
                shard, row = divmod(position, self._rows)
                if shard not in shards:
                    file = files.enter_context(_shard_path(self._folder, shard).open("r+b", buffering=0))
                    shards[shard] = file.fileno()
                os.pwrite(shards[shard], np.ascontiguousarray(image).data, self._offset + row * image.nbytes)


@dataclass(frozen=True)
class ImageStore:
    """An open image store; its images stay on disk until they are needed."""

    index: pd.DataFrame  # id, label, shard, row
    shape: ImageShape
    classes: list[str]
    made_with: dict[str, Any]
    accepts: Mapping[str, int]  # the limits of its photos: min_side_px, max_megapixels
    shards: list[Images]

    @classmethod
    def open(cls, folder: Path) -> "ImageStore":
        description = read_json(folder / DESCRIPTION)
        if description["version"] != VERSION:
            raise ValueError(f"{folder}: image store version {description['version']}, this program reads {VERSION}")
        index = pd.read_parquet(folder / "index.parquet")
        count = int(index["shard"].max()) + 1
        shards = [np.load(_shard_path(folder, shard), mmap_mode="r") for shard in range(count)]
        shape = (description["height"], description["width"], description["channels"])
        return cls(index, shape, description["classes"], description["made_with"], description["accepts"], shards)

    def __len__(self) -> int:
        return len(self.index)

    @property
    def labels(self) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        """The class number of each image, in the order of `classes`."""
        return pd.Categorical(self.index["label"], categories=self.classes).codes.astype(np.int64)

    def ids(self, positions: np.ndarray) -> list[str]:
        """Return the ids of the images at `positions`, in that order."""
        return [str(id) for id in self.index["id"].iloc[positions]]

    def named(self, ids: Sequence[str]) -> Images:
        """Return the images of these ids, in their order."""
        return self.gather(pd.Index(self.index["id"]).get_indexer(list(ids)))

    def gather(self, positions: np.ndarray) -> Images:
        """Copy the images at `positions` into one new array, in that order; shards are read front to back."""
        images: Images = np.empty((len(positions), *self.shape), np.uint8)
        shards = self.index["shard"].to_numpy()[positions]
        rows = self.index["row"].to_numpy()[positions]
        for shard in np.unique(shards):
            here = np.flatnonzero(shards == shard)
            here = here[np.argsort(rows[here])]
            images[here] = self.shards[shard][rows[here]]
        return images


def images_at_once(shape: ImageShape) -> int:
    """Return how many images of this shape are evaluated or copied at a time."""
    return min(AT_ONCE, max(1, AT_ONCE * 128 * 128 * 3 // int(np.prod(shape))))


def in_batches(store: ImageStore, positions: np.ndarray) -> Iterator[tuple[Images, np.ndarray]]:
    """Yield the images at `positions` with their class numbers, in that order, in batches of bounded memory."""
    size = images_at_once(store.shape)
    for start in range(0, len(positions), size):
        chosen = positions[start : start + size]
        yield store.gather(chosen), store.labels[chosen]


def view_path(folder: Path, view: int) -> Path:
    """Return the path of the image store of an augmented view (counted from 0) in `folder`."""
    return folder / f"view-{view:03d}"


def open_views(folder: Path) -> list[ImageStore]:
    """Open the augmented views of the training images."""
    return [ImageStore.open(path) for path in sorted(folder.glob("view-*"), key=_view_number)]


def _view_number(path: Path) -> int:
    return int(path.name.removeprefix("view-"))
