"""Whether one training step gives the same weights every time, and on any number of cores.

    python -m benchmarks.same_weights [--repeats 12]

Each row is processes of their own: the residual network of presets/fashion-mnist.yaml on images of 128 pixels takes the
same step from the same weights again and again, with TensorFlow's own choice of threads and with this project's
(pixelproof.network.cnn.saved.keras_setup), on all cores and on one.
"""

import argparse
import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

PRESET = Path(__file__).parents[1] / "presets/fashion-mnist.yaml"
SIDE, BATCH, CLASSES = 128, 64, 10
THREADS = {"TensorFlow's": (0, 0), "this project's": (8, 1)}  # within an operation, and operations at once


def take_steps(threads: tuple[int, int], repeats: int) -> None:
    """Print a hash of the weights after each repeat of the step."""
    import tensorflow

    tensorflow.config.threading.set_intra_op_parallelism_threads(threads[0])
    tensorflow.config.threading.set_inter_op_parallelism_threads(threads[1])
    from pixelproof.network.cnn.cnn import CnnLearner
    from pixelproof.params.whole import load_params

    params, counts = load_params(PRESET), [BATCH] * CLASSES
    train = params.train.model_copy(update={"batch_size": BATCH})
    cnn = params.cnn.model_copy(update={"precision": "float32"})
    learner = CnnLearner(cnn, train, (SIDE, SIDE, 3), CLASSES, steps_per_epoch=10, label_counts=counts, seed=1)
    random, begin = np.random.default_rng(0), learner.state()
    images, labels = random.integers(0, 256, (BATCH, SIDE, SIDE, 3), np.uint8), random.integers(0, CLASSES, BATCH)
    for _ in range(repeats):
        learner.load_state(begin)
        learner.train_batch(images, labels)
        weights = b"".join(array.tobytes() for array in learner.state().values())
        sys.stdout.write(f"{hashlib.sha256(weights).hexdigest()[:8]}\n")


def hashes(threads: tuple[int, int], cores: set[int], repeats: int) -> list[str]:
    """Return what `take_steps` prints in a process that may use these cores."""
    options = ["--threads", *map(str, threads), "--repeats", str(repeats)]
    command = [sys.executable, "-m", "benchmarks.same_weights", *options]
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    finally:
        os.sched_setaffinity(0, allowed)
    return done.stdout.split()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=12)
    parser.add_argument("--threads", type=int, nargs=2, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.threads:
        take_steps(tuple(arguments.threads), arguments.repeats)
        return
    table = Table("threads", "cores", "steps", "different weights", "the commonest")
    for name, threads in THREADS.items():
        for cores in (os.sched_getaffinity(0), {min(os.sched_getaffinity(0))}):
            found = hashes(threads, cores, arguments.repeats)
            commonest = max(set(found), key=found.count)
            table.add_row(name, str(len(cores)), str(len(found)), str(len(set(found))), commonest)
    Console().print(table)


if __name__ == "__main__":
    main()
