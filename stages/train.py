"""What train@cnn and train@mlp share: the same batches, the same loop, one MLflow run each, the same files.

Reads   data/augmented/, data/resized/, data/splits.csv, reports/split.json
Writes  models/<model>/ (the model, history.csv, run.json, the record of the MLflow run); until then
        .work/train-<model>-*/
"""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from math import ceil
from pathlib import Path
from shutil import copyfile
from typing import Any, Protocol

import numpy as np
import pandas as pd

from pixelproof.data.fresh import FreshViews, workers
from pixelproof.data.splits import positions, read_splits
from pixelproof.data.store import Images, ImageStore, Shape, open_views
from pixelproof.files import read_json, replacing, write_json, write_text
from pixelproof.journal import fingerprint
from pixelproof.params.data import Augment
from pixelproof.params.training import Train
from pixelproof.tracking.introduction import introduce
from pixelproof.tracking.live import LiveRun, recording
from pixelproof.tracking.provenance import look_up
from pixelproof.tracking.record import CHANGES, FINISHED, MODEL, files_in, now, points, write_record
from pixelproof.tracking.runs import flatten
from pixelproof.training import checkpoint
from pixelproof.training.failures import told_with_remedy
from pixelproof.training.feed import Batch, Labels, images_at_once, judged_batches, training_batches
from pixelproof.training.interruption import Interruption
from pixelproof.training.loop import Epoch, Learner, State, best_epoch, ending, weights_sha256
from pixelproof.training.session import Session
from stages.paths import AUGMENT_DESCRIPTION, AUGMENTED, MODELS, PLAN, RESIZED, SPLIT_REPORT, SPLITS, WORK
from stages.train_record import begun_record, curves, image_counts


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
        return feed(view.gather, view.labels, at_once=images_at_once(self.shape))

    def valid_batches(self) -> Iterator[Batch]:
        return judged_batches(self.store, self.valid)


def train(
    model: str,
    learner: SavedLearner,
    material: Material,
    section: Mapping[str, Any],
    params: Train,
    save_for_mlflow: Callable[[Images, Path, Path], None],
    *,
    seed: int,
    libraries: Sequence[str],
) -> None:
    """Train a model, or go on where a run was stopped; log it to one MLflow run and keep it in models/<model>/.

    `section` holds the model's own params, for the record; `save_for_mlflow` saves the trained model, which lies in the
    first folder, with some example images (n, height, width, channels) in the second one, which it makes; other
    versions of `libraries` may give other weights. Raises Interrupted after SIGINT or SIGTERM, UserError where disk or
    memory is full or the loss is no number.
    """
    logged = flatten({"seed": seed, model: section, "train": params, **material.made_with})
    path = checkpoint.place(WORK, model, fingerprint(logged, _data(), libraries=libraries))
    found = checkpoint.read(path)
    state = found.state if found else State()
    introduced = introduce(model)
    if found and state.has_begun:
        learner.load_state(found.learner)
    with told_with_remedy(path.parent), Interruption() as interruption:
        origin = look_up()
        write_text(path.with_name(CHANGES), origin.changes)
        counts = image_counts(material.store)
        record = begun_record(introduced, logged, params, origin.tags, counts, material.store, found)
        with recording(record, {CHANGES: path.with_name(CHANGES)}, resumed=found is not None) as run:
            keeper = checkpoint.Keeper(path, record.run_id, learner, params.checkpoint_minutes, record.started)
            keeper.save(state)  # a kill from now on is followed by work in this very run
            run.add(curves(state.history))
            on_epoch = partial(_log, run)
            session = Session(f"train {model}", learner, params, len(material.labels), keeper, on_epoch)
            session.run(
                lambda epoch, start: material.training_batches(epoch, params, seed=seed, start=start),
                material.valid_batches,
                state,
                interruption,
            )
            examples = material.store.gather(material.valid[:4])
            _keep(model, learner, params, state, run, partial(save_for_mlflow, examples))
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


def _log(run: LiveRun, epoch: Epoch) -> None:
    run.add(curves([epoch]))


def _keep(
    model: str,
    learner: SavedLearner,
    params: Train,
    state: State,
    run: LiveRun,
    save_for_mlflow: Callable[[Path, Path], None],
) -> None:
    """Write models/<model>/ and complete the run; what a run that was killed here had begun is made anew."""
    best = best_epoch(state.history, params.early_stopping)
    weights = weights_sha256(learner.weights())
    told = {
        "weights_sha256": weights,
        "parameters": learner.parameters,
        "best_epoch": best.epoch,
        "epochs": len(state.history),
        "train_seconds": round(sum(epoch.seconds for epoch in state.history), 3),
    }
    record = run.record
    with replacing(MODELS / model) as folder:
        folder.mkdir()
        learner.save(folder)
        size = sum(path.stat().st_size for path in files_in(folder).values())
        save_for_mlflow(folder, folder / MODEL)
        pd.DataFrame(state.history).to_csv(folder / "history.csv", index=False)
        copyfile(run.files[CHANGES], folder / CHANGES)
        summary = {**_summary(model, told, best), "model/size_bytes": size}
        record.metrics += points(summary, step=0, timestamp=state.history[-1].ended)
        record.tags |= {"weights_sha256": weights, "ended": str(ending(state, params))}
        record.model, record.ended = model, now()
        write_record(record.model_copy(update={"status": FINISHED}), folder)
        run.files = files_in(folder)
        run.tell(at_once=True)
        write_json(folder / "run.json", {"run_id": record.run_id, "model_id": run.model_id, **told})
    run.files = files_in(MODELS / model)


def _summary(model: str, told: Mapping[str, Any], best: Epoch) -> dict[str, float]:
    plan = read_json(PLAN / f"{model}.json")
    return {
        "model/parameters": told["parameters"],
        **{f"model/{total}": plan[total] for total in ("trainable", "multiply_adds")},
        "best/epoch": best.epoch,
        "best/valid_loss": best.valid_loss,
        "best/valid_accuracy": best.valid_accuracy,
        "train/seconds": told["train_seconds"],
    }
