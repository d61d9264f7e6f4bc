"""The record of a training run: how it begins, its curves, and how it ends."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from mlflow.tracking.context.registry import resolve_tags
from mlflow.utils.mlflow_tags import MLFLOW_SOURCE_NAME

from pixelproof.data.images.parts import positions, read_splits
from pixelproof.data.images.store import ImageStore
from pixelproof.paths import AUGMENTED, RESIZED, SPLITS
from pixelproof.tracking.run.inputs import image_input
from pixelproof.tracking.run.metric_points import MetricPoint
from pixelproof.tracking.run.naming import shortened
from pixelproof.tracking.run.new_run import NewRunDescription
from pixelproof.tracking.run.provenance import Provenance
from pixelproof.tracking.run.record import CHANGES, DataSet, Record, points

Counts = Mapping[str, Mapping[str, int]]  # part -> class -> images
LONGEST_PARAM = 6000  # characters, in MLflow
CURVES = {  # a metric of each epoch, by the column of history.csv
    "train_loss": "train/loss",
    "train_accuracy": "train/accuracy",
    "valid_loss": "valid/loss",
    "valid_accuracy": "valid/accuracy",
    "images_per_second": "train/images_per_second",
    "cpu_percent": "system/cpu_percent",
    "memory_bytes": "system/memory_bytes",
}


def begun_record(
    described: NewRunDescription,
    params: Mapping[str, Any],
    origin: Provenance,
    store: ImageStore,
    *,
    run_id: str,
    experiment: str,
    started: int,
) -> Record:
    """Return the record of a training run that begins, or goes on under the same `run_id`; `params` are flat."""
    counts = image_counts(store)
    totals = {f"data/{part}_images": float(sum(of_class.values())) for part, of_class in counts.items()}
    return Record(
        run_id=run_id,
        name=described.name,
        experiment=experiment,
        started=started,
        params={key: str(value) for key, value in params.items()}
        | dict(described.source)
        | class_params(store.classes),
        tags={**_context(), **described.tags, **origin.tags},
        inputs=list(_inputs(counts, store, origin.tags)),
        metrics=points(totals, step=0, timestamp=started),
        artifacts=[CHANGES],
    )


def class_params(classes: Sequence[str]) -> dict[str, str]:
    """Return the number of classes, and their names in the order of the outputs, as many as MLflow takes."""
    return {"data.classes": shortened(", ".join(classes), LONGEST_PARAM), "data.class_count": str(len(classes))}


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


def curves(history: Iterable[Mapping[str, Any]]) -> list[MetricPoint]:
    """Return the points of epochs (rows of history.csv), each with the time at which its epoch ended."""
    return [
        point
        for epoch in history
        for point in points(
            {name: float(epoch[column]) for column, name in CURVES.items()},
            step=epoch["epoch"],
            timestamp=epoch["ended"],
        )
    ]


def validation(record: Record) -> dict[str, float]:
    """Return what the best epoch reached on the validation part, of the record of a whole training run."""
    best = {point.key: point.value for point in record.metrics if point.key.startswith("best/")}
    names = {"accuracy": "best/valid_accuracy", "loss": "best/valid_loss"}
    return {**{name: best[key] for name, key in names.items()}, "best_epoch": int(best["best/epoch"])}


def summary(plan: Mapping[str, Any], trained: Mapping[str, Any], best: Mapping[str, Any]) -> dict[str, float]:
    """Return the metrics of a whole training run: from the network's plan, from run.json, and of the best epoch."""
    return {
        "model/parameters": trained["parameters"],
        **{f"model/{total}": plan[total] for total in ("trainable", "multiply_adds")},
        "best/epoch": best["epoch"],
        "best/valid_loss": best["valid_loss"],
        "best/valid_accuracy": best["valid_accuracy"],
        "train/seconds": trained["train_seconds"],
    }


def _context() -> dict[str, str]:
    """Return MLflow's own tags; of the program its path in the project, since records go into Git, and to others."""
    tags: dict[str, str] = resolve_tags()
    program = Path(tags.get(MLFLOW_SOURCE_NAME, ""))
    if program.is_absolute():
        inside = program.is_relative_to(Path.cwd())
        tags[MLFLOW_SOURCE_NAME] = program.relative_to(Path.cwd()).as_posix() if inside else program.name
    return tags
