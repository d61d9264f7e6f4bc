"""What the record of a training says: where it comes from, on which images, and its curves.

Reads   data/splits.csv
"""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import uuid4

import numpy as np
from mlflow.tracking.context.registry import resolve_tags

from pixelproof.data.splits import positions, read_splits
from pixelproof.data.store import ImageStore
from pixelproof.params.training import Train
from pixelproof.tracking.inputs import image_input
from pixelproof.tracking.introduction import Introduction
from pixelproof.tracking.record import CHANGES, DataSet, Point, Record, now, points
from pixelproof.tracking.runs import experiment_name
from pixelproof.training.checkpoint import Checkpoint
from pixelproof.training.loop import Epoch
from stages.paths import AUGMENTED, RESIZED, SPLITS

Counts = Mapping[str, Mapping[str, int]]  # part -> class -> images


def begun_record(
    introduced: Introduction,
    params: Mapping[str, Any],
    train: Train,
    origin: Mapping[str, str],
    counts: Counts,
    store: ImageStore,
    found: Checkpoint | None,
) -> Record:
    """Return the record of a training that begins, or goes on from a checkpoint; `params` are flat, `origin` tags."""
    started = found.started if found else now()
    totals = {f"data/{part}_images": float(sum(of_class.values())) for part, of_class in counts.items()}
    return Record(
        run_id=found.run_id if found else uuid4().hex,
        name=introduced.name,
        experiment=experiment_name(train.experiment),
        started=started,
        params={key: str(value) for key, value in params.items()},
        tags={**resolve_tags(), **introduced.tags, **origin},
        inputs=list(_inputs(counts, store, origin)),
        metrics=points(totals, step=0, timestamp=started),
        artifacts=[CHANGES],
    )


def image_counts(store: ImageStore) -> Counts:
    splits = read_splits(SPLITS)
    counts: dict[str, dict[str, int]] = {}
    for part in ("train", "valid", "test"):
        labels = store.labels[positions(store.index, splits, part)]
        of_class = np.bincount(labels, minlength=len(store.classes)).tolist()
        counts[part] = dict(zip(store.classes, of_class, strict=True))
    return counts


def _inputs(counts: Counts, store: ImageStore, origin: Mapping[str, str]) -> Iterable[DataSet]:
    """Yield the data sets that DVC knows: none where the stages are run without it."""
    splits = origin.get(f"{SPLITS}.md5")
    for part, of_class in counts.items():
        path = str(AUGMENTED if part == "train" else RESIZED)
        images = origin.get(f"{path}.md5")
        if images and splits:
            yield image_input(part, of_class, store.shape, path, images, splits)


def curves(history: Iterable[Epoch]) -> list[Point]:
    """Return the points of epochs; each has the time at which its epoch ended, also when it is told later."""
    return [point for epoch in history for point in points(_metrics(epoch), step=epoch.epoch, timestamp=epoch.ended)]


def _metrics(epoch: Epoch) -> dict[str, float]:
    return {
        "train/loss": epoch.train_loss,
        "train/accuracy": epoch.train_accuracy,
        "valid/loss": epoch.valid_loss,
        "valid/accuracy": epoch.valid_accuracy,
        "train/images_per_second": epoch.images_per_second,
        "system/cpu_percent": epoch.cpu_percent,
        "system/memory_bytes": float(epoch.memory_bytes),
    }
