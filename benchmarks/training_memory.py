"""Anonymous memory of a training run, with few photos and with ten times as many.

    python -m benchmarks.training_memory [--photos N ...] [--side PX] [--steps N] [--rounds N] [--model NAME] [--fresh]

The photos are noise, written into an image store of `side` x `side` x 3; the models are those of the preset cats-dogs,
with the preset's batch size. A run takes `steps` batches (of photos from all over the store, since the order is
shuffled) and as many of validation; with --fresh, views are drawn as with `augment.views: 0`. Few and many photos take
turns. Peaks differ between rounds by 250 MiB from the first step on: the least, the largest and the median are printed.
"""

import argparse
import multiprocessing
import tempfile
import time
from math import prod
from pathlib import Path
from statistics import median
from typing import Literal

import numpy as np
import pandas as pd
import psutil
from rich.console import Console

from benchmarks.memory import MIB, anonymous_bytes
from pixelproof import console
from pixelproof.data.augment.fresh import FreshViews
from pixelproof.data.images.store import SHARD_BYTES, ImageStore, StoreWriter
from pixelproof.params.whole import load_params

PRESET = Path(__file__).parents[1] / "presets/cats-dogs.yaml"
CHUNK = 256
SEED = 7
Model = Literal["cnn", "mlp"]


def write_noise(folder: Path, photos: int, side: int) -> None:
    """Write an image store of `photos` images of two classes."""
    shape = (side, side, 3)
    index = pd.DataFrame({"id": [str(n) for n in range(photos)], "label": ["cats", "dogs"] * (photos // 2)})
    writer = StoreWriter(folder, index, shape, ["cats", "dogs"], {})
    noise = np.random.default_rng(SEED).integers(0, 256, (CHUNK, *shape), dtype=np.uint8)
    for start in range(0, photos, CHUNK):
        writer.write(start, noise[: photos - start])


def train(folder: Path, steps: int, model: Model, fresh: bool) -> None:
    """Take some steps over all shards of the store, and validate."""
    from pixelproof.training.training_data import TrainingData

    params, store = load_params(PRESET), ImageStore.open(folder)
    everything, size = np.arange(len(store)), params.train.batch_size
    drawn = FreshViews(store, everything, params.augment) if fresh else None
    data = TrainingData(store, [] if fresh else [store], everything[-steps * size :], {}, drawn)
    if model == "cnn":
        from pixelproof.network.cnn.cnn import CnnLearner

        learner = CnnLearner(params.cnn, params.train, store.shape, 2, steps_per_epoch=steps, seed=SEED)
    else:
        from pixelproof.network.mlp.mlp import MlpLearner

        learner = MlpLearner(params.mlp, params.train, prod(store.shape), 2, steps_per_epoch=steps, seed=SEED)
    for _, batch in zip(range(steps), data.training_batches(0, params.train, seed=SEED), strict=False):
        learner.train_batch(batch.images, batch.labels)
    learner.predict(data.valid_batches())


def peak(folder: Path, steps: int, model: Model, *, fresh: bool) -> int:
    """Return the peak anonymous memory of a training run and its workers, in bytes."""
    training = multiprocessing.get_context("spawn").Process(target=train, args=(folder, steps, model, fresh))
    training.start()
    largest = 0
    while training.exitcode is None:
        largest = max(largest, anonymous_bytes(psutil.Process(training.pid)))
        time.sleep(0.05)
    if training.exitcode:
        raise SystemExit(training.exitcode)
    return largest


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the memory of a training run.")
    parser.add_argument("--photos", nargs="+", type=int, default=[2_002, 20_020], help="even numbers")
    parser.add_argument("--side", type=int, default=300, help="pixels")
    parser.add_argument("--steps", type=int, default=16)
    parser.add_argument("--model", choices=["cnn", "mlp"], default="cnn")
    parser.add_argument("--fresh", action="store_true")
    parser.add_argument("--rounds", type=int, default=8)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        stores = {photos: Path(folder) / str(photos) for photos in arguments.photos}
        for photos, store in stores.items():
            write_noise(store, photos, arguments.side)
        rounds = [
            {
                photos: peak(store, arguments.steps, arguments.model, fresh=arguments.fresh) / MIB
                for photos, store in stores.items()
            }
            for _ in range(arguments.rounds)
        ]
    for photos in stores:
        peaks = sorted(each[photos] for each in rounds)
        memory = f"{peaks[0]:,.0f} to {peaks[-1]:,.0f} MiB anonymous at most, median {median(peaks):,.0f}"
        shards = -(-photos * arguments.side**2 * 3 // SHARD_BYTES)
        Console(width=160).print(f"{photos:,} photos in {shards} shards: {memory}, in {arguments.rounds} rounds")


if __name__ == "__main__":
    console.run(main)
