"""Checkpoints: the state of a training run in one file, written atomically, so that a stopped run loses nothing.

<work>/train-<model>-<fingerprint>/checkpoint.npz

    learner/<key>.npy   the learner's state
    best/<number>.npy   the weights of the best epoch so far
    snapshots/<epoch>/<number>.npy   the weights of a few epochs so far
    loop.json           the MLflow run, the history, the epoch that has begun

A zip file with a checksum per entry, as `numpy.load` opens it: a truncated or damaged one is not read.
"""

import json
import logging
import math
import time
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from pixelproof.files import remove, replacing, sync
from pixelproof.training.loop import Epoch, EpochTotals, Learner, State
from pixelproof.training.snapshots import arrays_of, snapshots_of

LOOP = "loop.json"
NAME = "checkpoint.npz"
# What Python's zip reader and NumPy raise for a damaged file.
DAMAGE = (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, KeyError, TypeError, RuntimeError)


@dataclass(frozen=True)
class Checkpoint:
    """What a stopped process leaves to the next: the MLflow run's id, the loop's state, the learner's."""

    run_id: str
    state: State
    learner: Mapping[str, np.ndarray]  # empty before the first batch
    started: int = 0  # milliseconds since 1970


class Checkpoints:
    """Writes the checkpoints of a training run that began at `started`, with the MLflow run's id `run_id`.

    With `minutes`, `save_if_due` saves once that many have passed since the last checkpoint.
    """

    def __init__(self, path: Path, run_id: str, learner: Learner, minutes: float | None, started: int = 0) -> None:
        self._path, self._run_id, self._learner, self._started = path, run_id, learner, started
        self._seconds = math.inf if minutes is None else 60 * minutes
        self._saved_at = time.monotonic()

    def save(self, state: State) -> None:
        learned = self._learner.state() if state.has_begun else {}
        write(self._path, Checkpoint(self._run_id, state, learned, self._started))
        self._saved_at = time.monotonic()

    def save_if_due(self, state: State) -> None:
        if time.monotonic() - self._saved_at >= self._seconds:
            self.save(state)


def prepare(work: Path, model: str, fingerprint: str) -> Path:
    """Return the path of a training run's checkpoint; remove the folders of this model's other runs."""
    folder = work / f"train-{model}-{fingerprint}"
    for other in work.glob(f"train-{model}-*"):
        if other != folder:
            remove(other)
    return folder / NAME


def write(path: Path, checkpoint: Checkpoint) -> None:
    """Replace the last checkpoint by this one, once it is on the disk.

    Raises OSError, for instance if the disk is full; the last checkpoint is then intact.
    """
    arrays = {f"learner/{key}": array for key, array in checkpoint.learner.items()}
    arrays |= {f"best/{number}": array for number, array in enumerate(checkpoint.state.best_weights)}
    arrays |= {f"snapshots/{key}": array for key, array in arrays_of(checkpoint.state.snapshots).items()}
    with replacing(path) as beside:
        with beside.open("wb") as file:
            np.savez(file, allow_pickle=False, **arrays)
        with zipfile.ZipFile(beside, "a") as archive:
            archive.writestr(LOOP, json.dumps(_loop(checkpoint)))
        sync(beside)
    sync(path.parent)


def read(path: Path) -> Checkpoint | None:
    """Return the checkpoint; None if there is none or, with a warning, if it is damaged."""
    if not path.exists():
        return None
    try:
        return _read(path)
    except DAMAGE as error:
        logging.warning("%s: damaged (%s); training starts from the beginning", path, error)
        return None


def discard(path: Path) -> None:
    """Remove the checkpoint of a run that has succeeded and the files beside it, but not the trained model."""
    for file in (path, *path.parent.iterdir()):
        if not file.is_dir():
            file.unlink(missing_ok=True)


def _loop(checkpoint: Checkpoint) -> dict[str, Any]:
    state = checkpoint.state
    kept = {
        "epoch_totals": asdict(state.epoch_totals),
        "seconds": state.seconds,
        "history": list(map(asdict, state.history)),
    }
    return {"run_id": checkpoint.run_id, "started": checkpoint.started, **kept}


def _read(path: Path) -> Checkpoint:
    with path.open("rb") as file, np.load(file) as archive:  # NumPy leaves a damaged file open
        loop = json.loads(archive[LOOP])
        arrays = {key: archive[key] for key in archive.files if key != LOOP}
    best = [arrays[f"best/{number}"] for number in range(sum(key.startswith("best/") for key in arrays))]
    history = [Epoch(**row) for row in loop["history"]]
    snapshots = snapshots_of(_below("snapshots/", arrays))
    state = State(history, EpochTotals(**loop["epoch_totals"]), best, loop["seconds"], snapshots)
    return Checkpoint(loop["run_id"], state, _below("learner/", arrays), loop["started"])


def _below(prefix: str, arrays: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Return the arrays whose names have a prefix, without it."""
    return {key.removeprefix(prefix): array for key, array in arrays.items() if key.startswith(prefix)}
