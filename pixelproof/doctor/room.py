"""Disk and memory that the present params need, by arithmetic, against what is free."""

import shutil
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import NamedTuple

import psutil

from pixelproof.doctor.finding import Finding, well, wrong
from pixelproof.errors import UserError
from pixelproof.files import read_json
from pixelproof.network.plan.advice import training_photos
from pixelproof.network.plan.plan import Plan, class_count, image_shape, plan_models
from pixelproof.params.whole import Params, load_params
from pixelproof.paths import AUGMENTED, INGEST_REPORT, RESIZED, SPLIT_REPORT

GIB = 2**30
COPIES = 2  # one in the project's folder, one in DVC's cache; a disk that can share them (reflink) needs half
PROGRAM_BYTES = 800 * 2**20  # what a training takes before its first batch: Python, TensorFlow, MLflow
FLOAT_BYTES = 4
CONTROL_GROUP = Path("/sys/fs/cgroup")


class Photos(NamedTuple):
    """How many photos the stages handle."""

    accepted: int
    training: int


def disk() -> Iterator[Finding]:
    params, photos = _params(), _photos()
    free = shutil.disk_usage(Path()).free
    if params is None or photos is None:
        yield well("disk", f"{_gib(free)} free; what is needed is known once the photos are ingested")
        return
    needed = max(0, COPIES * (image_bytes(params, photos) - _stored(RESIZED, AUGMENTED)))
    found = f"{photos.accepted:,} photos need {_gib(needed)} more, {_gib(free)} is free"
    if needed > free:
        remedy = (
            "Make room (`.venv/bin/python -m dvc gc --workspace`), or lower resize or augment.views in params.yaml."
        )
        yield wrong("disk", found, remedy)
    else:
        yield well("disk", found)


def image_bytes(params: Params, photos: Photos) -> int:
    """Return the bytes of all images: height x width x channels x (accepted photos + views x training photos)."""
    return prod(image_shape(params.resize)) * (photos.accepted + params.augment.views * photos.training)


def memory() -> Iterator[Finding]:
    params, free = _params(), free_memory()
    plan = _plan(params) if params else None
    if params is None or plan is None:
        yield well("memory", f"{_gib(free)} free; what training needs is known once the photos are ingested")
        return
    needed = training_bytes(plan, params.train.batch_size, averaged=params.cnn.average_weights is not None)
    found = f"training the CNN needs about {_gib(needed)}, {_gib(free)} is free"
    if needed > free:
        yield wrong("memory", found, "Lower train.batch_size or resize in params.yaml, or end other programs.")
    else:
        yield well("memory", found)


def training_bytes(plan: Plan, batch_size: int, *, averaged: bool) -> int:
    """Return the memory that a training takes, in bytes.

    PROGRAM_BYTES + 4 x parameters x (1 + 3 (+ 1)) + 2 x batch size x activation bytes of one image: each parameter has
    a gradient and Adam's two averages, and one more where weights are averaged; each activation is kept until the way
    back, where it has a gradient.
    """
    per_parameter = 5 if averaged else 4
    return PROGRAM_BYTES + FLOAT_BYTES * per_parameter * plan.parameters + 2 * batch_size * plan.activation_bytes


def free_memory(group: Path = CONTROL_GROUP) -> int:
    """Return the free memory in bytes: the machine's, or of a container's limit what it does not use yet."""
    free: int = psutil.virtual_memory().available
    try:
        limit, used = ((group / name).read_text("ascii").strip() for name in ("memory.max", "memory.current"))
        cached = _inactive(group)
    except (OSError, ValueError):
        return free
    return min(free, int(limit) - int(used) + cached) if limit.isdigit() else free


def _inactive(group: Path) -> int:
    """Return the bytes of files in a container's memory that give way when it is needed."""
    lines = (line.split() for line in (group / "memory.stat").read_text("ascii").splitlines())
    return sum(int(value) for name, value in lines if name == "inactive_file")


def _params() -> Params | None:
    """Return the params; None where they have mistakes, which another check names."""
    try:
        return load_params()
    except UserError:
        return None


def _photos() -> Photos | None:
    params = _params()
    training = training_photos(params, INGEST_REPORT, SPLIT_REPORT) if params else None
    if training is None:
        return None
    return Photos(sum(read_json(INGEST_REPORT)["classes"].values()), training)


def _plan(params: Params) -> Plan | None:
    try:
        return plan_models(params, class_count(params.ingest, INGEST_REPORT))["cnn"]
    except UserError:
        return None


def _stored(*folders: Path) -> int:
    """Return the bytes of the images that are there already."""
    return sum(file.stat().st_size for folder in folders for file in folder.rglob("*.npy"))


def _gib(size: int) -> str:
    return f"{size / GIB:,.1f} GiB"
