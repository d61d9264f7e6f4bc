"""What train@cnn and train@mlp share: the same batches, the same loop, one MLflow run each, the same files.

Reads   data/augmented/, data/resized/, data/splits.csv, reports/split.json
Writes  models/<model>/ (the model, history.csv, run.json)
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from math import ceil
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pandas as pd

from pixelproof.data.fresh import FreshViews, workers
from pixelproof.data.splits import positions, read_splits
from pixelproof.data.store import Images, ImageStore, Shape, open_views
from pixelproof.files import read_json, replacing, write_json
from pixelproof.params.data import Augment
from pixelproof.params.training import Train
from pixelproof.tracking import runs
from pixelproof.training.feed import Batch, Labels, plain_batches, training_batches
from pixelproof.training.loop import Epoch, Learner, fit, weights_sha256
from stages.paths import AUGMENT_DESCRIPTION, AUGMENTED, MODELS, RESIZED, SPLIT_REPORT, SPLITS

VALID_BATCH = 256  # images at a time where nothing is learned


class SavedLearner(Learner, Protocol):
    """A learner that can be kept."""

    @property
    def parameters(self) -> int: ...

    def save(self, folder: Path) -> None: ...


@dataclass(frozen=True)
class Material:
    """What there is to train on: views of the training images, and the images of the validation part."""

    store: ImageStore
    views: list[ImageStore]
    valid: np.ndarray  # positions in `store`
    made_with: Mapping[str, Any]  # the params of the stages that made it
    fresh: FreshViews | None = None  # with `augment.views: 0`, in the place of `views`

    @classmethod
    def read(cls) -> "Material":
        store, views = ImageStore.open(RESIZED), open_views(AUGMENTED)
        split = read_json(SPLIT_REPORT)["made_with"]
        augment = read_json(AUGMENT_DESCRIPTION)["made_with"]
        made_with = {"resize": store.made_with, "split": split, "augment": augment}
        splits = read_splits(SPLITS)
        training, valid = (positions(store.index, splits, part) for part in ("train", "valid"))
        fresh = None if views else FreshViews(store, training, Augment.model_validate(augment))
        return cls(store, views, valid, made_with, fresh)

    @property
    def shape(self) -> Shape:
        return self.store.shape

    @property
    def classes(self) -> list[str]:
        return self.store.classes

    @property
    def labels(self) -> Labels:
        """The class number of each training image."""
        return self.fresh.labels if self.fresh else self.views[0].labels

    @property
    def label_counts(self) -> list[int]:
        """The training images of each class."""
        return [int(count) for count in np.bincount(self.labels, minlength=len(self.classes))]

    def steps_per_epoch(self, params: Train) -> int:
        return ceil(len(self.labels) / params.batch_size)

    def training_batches(self, epoch: int, params: Train, *, seed: int, start: int = 0) -> Iterator[Batch]:
        """Yield the batches of an epoch (counted from 0) from batch `start` on."""
        feed = partial(training_batches, batch_size=params.batch_size, seed=seed, epoch=epoch, start=start)
        if self.fresh:
            draw = partial(self.fresh.gather, seed=seed, view=epoch)
            return feed(draw, self.labels, threads=2 * workers())  # a batch waits for each worker, too
        view = self.views[epoch % len(self.views)]
        return feed(view.gather, view.labels)

    def valid_batches(self) -> Iterator[Batch]:
        def gather(chosen: np.ndarray) -> Images:
            return self.store.gather(self.valid[chosen])

        return plain_batches(gather, self.store.labels[self.valid], VALID_BATCH)


def train(
    model: str,
    learner: SavedLearner,
    material: Material,
    section: Mapping[str, Any],
    params: Train,
    log_model: Callable[[Images], str],
    *,
    seed: int,
) -> None:
    """Train a model, log it to a new MLflow run and keep it in models/<model>/.

    `section` holds the model's own params, for the record; `log_model` logs the trained model with some
    example images (n, height, width, channels) and returns its id in MLflow.
    """
    logged = {"seed": seed, model: section, "train": params, **material.made_with}
    with runs.open_run(model, logged, tags={"model": model}) as run_id, replacing(MODELS / model) as folder:
        folder.mkdir()
        history, best = fit(
            learner,
            lambda epoch: material.training_batches(epoch, params, seed=seed),
            material.valid_batches,
            params,
            lambda epoch: _report(model, epoch, params.epochs),
        )
        learner.save(folder)
        pd.DataFrame(history).to_csv(folder / "history.csv", index=False)
        record = {
            "run_id": run_id,
            "model_id": log_model(material.store.gather(material.valid[:4])),
            "weights_sha256": weights_sha256(learner.weights()),
            "parameters": learner.parameters,
            "best_epoch": best.epoch,
            "epochs": len(history),
            "train_seconds": round(sum(epoch.seconds for epoch in history), 3),
        }
        _log_summary(record, best)
        write_json(folder / "run.json", record)


def _report(model: str, epoch: Epoch, epochs: int) -> None:
    logging.info(
        "%s  epoch %d/%d  loss %.4f  accuracy %.4f  valid loss %.4f  valid accuracy %.4f  %.0f images/s",
        model,
        epoch.epoch,
        epochs,
        epoch.train_loss,
        epoch.train_accuracy,
        epoch.valid_loss,
        epoch.valid_accuracy,
        epoch.images_per_second,
    )
    metrics = {
        "train/loss": epoch.train_loss,
        "train/accuracy": epoch.train_accuracy,
        "valid/loss": epoch.valid_loss,
        "valid/accuracy": epoch.valid_accuracy,
        "train/images_per_second": epoch.images_per_second,
    }
    runs.log_metrics(metrics, step=epoch.epoch)


def _log_summary(record: Mapping[str, Any], best: Epoch) -> None:
    numbers = {
        "model/parameters": record["parameters"],
        "best/epoch": best.epoch,
        "best/valid_loss": best.valid_loss,
        "best/valid_accuracy": best.valid_accuracy,
        "train/seconds": record["train_seconds"],
    }
    runs.log_metrics(numbers)
    runs.log_tags({"weights_sha256": record["weights_sha256"]})
