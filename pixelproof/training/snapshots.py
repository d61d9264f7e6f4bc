"""Snapshots: the weights of a few epochs, spread evenly, so that one can see a network learn.

data/snapshots/<model>.npz

    <epoch>/<number>.npy   the weights after an epoch (0: before the first step), in the learner's order, float16

How many epochs there will be is not known while training can stop early. So every epoch is kept at first; as soon as
there are more than MOST snapshots, every other one is dropped, and only every second epoch is kept from then on.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from pixelproof.files import replacing, sync

MOST = 11
LIMIT_BYTES = 8 * 2**20  # of all snapshots together; of a network with many weights there are fewer
Snapshots = Mapping[int, Sequence[np.ndarray]]  # by epoch, in order


def with_epoch(snapshots: Snapshots, epoch: int, weights: Sequence[np.ndarray]) -> Snapshots:
    """Return the snapshots after an epoch with these weights: at most MOST, evenly spread, the first of epoch 0.

    They are empty where a single one would exceed LIMIT_BYTES. A learner that has no weights yet, as scikit-learn's MLP
    before its first step, changes nothing.
    """
    if not weights:
        return snapshots
    most = min(MOST, LIMIT_BYTES // max(1, sum(2 * weight.size for weight in weights)))
    if most == 0:
        return {}
    every = spacing(epoch, most)
    kept = {number: kept for number, kept in snapshots.items() if number % every == 0}
    return kept if epoch % every else {**kept, epoch: [_half(weight) for weight in weights]}


def spacing(epochs: int, most: int) -> int:
    """Return the smallest power of two so that its multiples from 0 to `epochs` are at most `most`."""
    every = 1
    while epochs // every >= most:
        every *= 2
    return every


def _half(weight: np.ndarray) -> np.ndarray:
    """Return a copy with half the bytes; float32 where a number is too large for float16."""
    if np.abs(weight).max(initial=0) > np.finfo(np.float16).max:
        return weight.astype(np.float32)
    return weight.astype(np.float16)


def write_snapshots(path: Path, snapshots: Snapshots) -> None:
    """Replace the file, once the new one is on the disk; the same snapshots give the same bytes."""
    with replacing(path) as beside:
        with beside.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays_of(snapshots))
        sync(beside)


def read_snapshots(path: Path) -> Snapshots:
    """Return the snapshots in a file; none where there is no file, as in a project trained before there were any."""
    if not path.exists():
        return {}
    with np.load(path, allow_pickle=False) as arrays:
        return snapshots_of(arrays)


def arrays_of(snapshots: Snapshots) -> dict[str, np.ndarray]:
    """Return the arrays under their names in a file."""
    return {
        f"{epoch}/{number}": weight for epoch, weights in snapshots.items() for number, weight in enumerate(weights)
    }


def snapshots_of(arrays: Mapping[str, np.ndarray]) -> Snapshots:
    """Return the snapshots whose arrays have these names."""
    places = sorted(tuple(map(int, name.split("/"))) for name in arrays)
    found: dict[int, list[np.ndarray]] = {}
    for epoch, number in places:
        found.setdefault(epoch, []).append(arrays[f"{epoch}/{number}"])
    return found
