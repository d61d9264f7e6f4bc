"""The data of a training run: views of the training images, validation images, and the params that made them."""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from math import ceil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pixelproof.data.augment.fresh import FreshViews, workers
from pixelproof.data.images.parts import positions, read_splits
from pixelproof.data.images.store import ImageShape, ImageStore, images_at_once, open_views
from pixelproof.files import read_json
from pixelproof.params.augment import Augment
from pixelproof.params.train import Train
from pixelproof.paths import AUGMENT_DESCRIPTION, AUGMENTED, RESIZED, SPLIT_REPORT, SPLITS
from pixelproof.training.feed import Batch, Labels, evaluation_batches, training_batches


@dataclass(frozen=True)
class TrainingData:
    """Views of the training images, and the images of the validation part."""

    store: ImageStore
    views: list[ImageStore]
    valid: np.ndarray  # positions in `store`
    made_with: Mapping[str, Any]  # params of the stages that made the data
    fresh: FreshViews | None = None  # with `augment.views: 0`, instead of `views`

    @classmethod
    def read(cls) -> "TrainingData":
        store, views = ImageStore.open(RESIZED), open_views(AUGMENTED)
        split = read_json(SPLIT_REPORT)["made_with"]
        augment = read_json(AUGMENT_DESCRIPTION)["made_with"]
        made_with = {"resize": store.made_with, "split": split, "augment": augment}
        splits = read_splits(SPLITS)
        training, valid = (positions(store.index, splits, part) for part in ("train", "valid"))
        fresh = None if views else FreshViews(store, training, Augment.model_validate(augment))
        return cls(store, views, valid, made_with, fresh)

    @property
    def shape(self) -> ImageShape:
        return self.store.shape

    @property
    def classes(self) -> list[str]:
        return self.store.classes

    @property
    def preprocessing(self) -> dict[str, Any]:
        """How photos became the images of the store: the fields of pixelproof.inference.preprocessing."""
        return {"classes": self.classes, **self.store.made_with, **self.store.accepts}

    @property
    def labels(self) -> Labels:
        """The class number of each training image."""
        return self.fresh.labels if self.fresh else self.views[0].labels

    @property
    def label_counts(self) -> list[int]:
        """The training images of each class."""
        return [int(count) for count in np.bincount(self.labels, minlength=len(self.classes))]

    def for_recipe(self, augment: bool | None) -> "TrainingData":
        """Return what a model's own recipe trains on: the views, or, with `augment: false`, the images themselves."""
        return self._unaltered() if augment is False else self

    def _unaltered(self) -> "TrainingData":
        """Return the training images as they are, in the order of the views."""
        index = self.store.index
        training = self.fresh.training if self.fresh else pd.Index(index["id"]).get_indexer(self.views[0].index["id"])
        images = replace(self.store, index=index.iloc[training].reset_index(drop=True))
        return replace(self, views=[images], fresh=None)

    def steps_per_epoch(self, params: Train) -> int:
        return ceil(len(self.labels) / params.batch_size)

    def training_batches(self, epoch: int, params: Train, *, seed: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch (counted from 0), from batch `start` on."""
        feed = partial(training_batches, batch_size=params.batch_size, seed=seed, epoch=epoch, start=start)
        if self.fresh:
            draw = partial(self.fresh.gather, seed=seed, view=epoch)
            return feed(draw, self.labels, threads=2 * workers())  # per worker one batch in work, one waiting
        view = self.views[epoch % len(self.views)]
        return feed(view.gather, view.labels, at_once=images_at_once(self.shape))

    def valid_batches(self) -> Iterator[Batch]:
        return evaluation_batches(self.store, self.valid)


def identity() -> list[list[object]]:
    """Return what identifies the images and their split: shards by size and time, small files by content."""
    stored = (file for folder in (RESIZED, AUGMENTED) for file in sorted(folder.rglob("*")) if file.is_file())
    return [[str(file), *_content_identity(file)] for file in (SPLITS, *stored)]


def _content_identity(file: Path) -> list[object]:
    if file.suffix == ".npy":
        return [file.stat().st_size, file.stat().st_mtime_ns]
    return [hashlib.sha256(file.read_bytes()).hexdigest()]
