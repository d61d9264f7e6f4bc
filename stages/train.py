"""What train@cnn and train@mlp share: the same batches, the same loop, one MLflow run each, the same files.

Reads   data/augmented/, data/resized/, data/splits.csv, reports/split.json
Writes  models/<model>/ (the model, history.csv, run.json); until then .work/train-<model>-*/
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
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
from pixelproof.journal import fingerprint
from pixelproof.params.data import Augment
from pixelproof.params.training import Train
from pixelproof.tracking import runs
from pixelproof.tracking.introduction import introduce
from pixelproof.tracking.provenance import look_up
from pixelproof.training import checkpoint
from pixelproof.training.failures import told_with_remedy
from pixelproof.training.feed import Batch, Labels, plain_batches, training_batches
from pixelproof.training.interruption import Interruption
from pixelproof.training.loop import Epoch, Learner, State, best_epoch, ending, weights_sha256
from pixelproof.training.session import Session
from stages.paths import AUGMENT_DESCRIPTION, AUGMENTED, MODELS, RESIZED, SPLIT_REPORT, SPLITS, WORK

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
    libraries: Sequence[str],
) -> None:
    """Train a model, or go on where a run was stopped; log it to one MLflow run and keep it in models/<model>/.

    `section` holds the model's own params, for the record; `log_model` logs the trained model with some
    example images (n, height, width, channels) and returns its id in MLflow; other versions of `libraries` may
    give other weights. Raises Interrupted after SIGINT or SIGTERM, UserError where disk or memory
    is full or the loss is no number.
    """
    logged = {"seed": seed, model: section, "train": params, **material.made_with}
    path = checkpoint.place(WORK, model, fingerprint(runs.flatten(logged), _data(), libraries=libraries))
    found = checkpoint.read(path)
    state = found.state if found else State()
    introduced = introduce(model)
    if found and state.has_begun:
        learner.load_state(found.learner)
    with (
        told_with_remedy(path.parent),
        Interruption() as interruption,
        runs.open_run(introduced.name, introduced.tags, found.run_id if found else None) as run_id,
    ):
        keeper = checkpoint.Keeper(path, run_id, learner, params.checkpoint_minutes)
        keeper.save(state)  # a kill from now on is followed by work in this very run
        runs.log_params(logged)
        runs.log_origin(look_up())
        runs.log_missing({epoch.epoch: _metrics(epoch) for epoch in state.history})
        session = Session(f"train {model}", learner, params, len(material.labels), keeper, _log)
        session.run(
            lambda epoch, start: material.training_batches(epoch, params, seed=seed, start=start),
            material.valid_batches,
            state,
            interruption,
        )
        _keep(model, learner, params, state, run_id, lambda: log_model(material.store.gather(material.valid[:4])))
        interruption.check()  # else DVC would go on with the next stage
    checkpoint.discard(path)


def _data() -> list[list[object]]:
    """Tell by what the images and their parts are known: shards by size and time, small files by their content."""
    stored = (file for folder in (RESIZED, AUGMENTED) for file in sorted(folder.rglob("*")) if file.is_file())
    return [[str(file), *_identity(file)] for file in (SPLITS, *stored)]


def _identity(file: Path) -> list[object]:
    if file.suffix == ".npy":
        return [file.stat().st_size, file.stat().st_mtime_ns]
    return [hashlib.sha256(file.read_bytes()).hexdigest()]


def _metrics(epoch: Epoch) -> dict[str, float]:
    return {
        "train/loss": epoch.train_loss,
        "train/accuracy": epoch.train_accuracy,
        "valid/loss": epoch.valid_loss,
        "valid/accuracy": epoch.valid_accuracy,
        "train/images_per_second": epoch.images_per_second,
    }


def _log(epoch: Epoch) -> None:
    runs.log_metrics(_metrics(epoch), step=epoch.epoch)


def _keep(
    model: str, learner: SavedLearner, params: Train, state: State, run_id: str, log_model: Callable[[], str]
) -> None:
    """Write models/<model>/ and complete the run; what a run that was killed here had begun is made anew."""
    best = best_epoch(state.history, params.early_stopping)
    runs.remove_models()
    with replacing(MODELS / model) as folder:
        folder.mkdir()
        learner.save(folder)
        pd.DataFrame(state.history).to_csv(folder / "history.csv", index=False)
        record = {
            "run_id": run_id,
            "model_id": log_model(),
            "weights_sha256": weights_sha256(learner.weights()),
            "parameters": learner.parameters,
            "best_epoch": best.epoch,
            "epochs": len(state.history),
            "train_seconds": round(sum(epoch.seconds for epoch in state.history), 3),
        }
        runs.log_missing({0: _summary(record, best)})
        runs.log_tags({"weights_sha256": str(record["weights_sha256"]), "ended": str(ending(state, params))})
        write_json(folder / "run.json", record)


def _summary(record: Mapping[str, Any], best: Epoch) -> dict[str, float]:
    return {
        "model/parameters": record["parameters"],
        "best/epoch": best.epoch,
        "best/valid_loss": best.valid_loss,
        "best/valid_accuracy": best.valid_accuracy,
        "train/seconds": record["train_seconds"],
    }
