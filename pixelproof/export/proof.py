"""Does an export answer as the model does? Both on the same images: differences, accuracy, size and time."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import numpy as np

from pixelproof.data.images.store import images_at_once
from pixelproof.export.images import ProofImages
from pixelproof.inference.classifier import Network

LATENCY_BATCHES = (1, 32)  # photos at once
SECONDS = 1.0  # at most, for the timing of one network at one size of batch
TIMES = 50  # at most
ALLOWED = 1e-4  # by which a probability of an exact export may differ


@dataclass(frozen=True)
class Measured:
    """A network on the tested images. `accuracy` is None where nobody knows the classes."""

    accuracy: float | None
    bytes: int
    latency_ms: dict[str, float]  # median, by the number of photos at once


@dataclass(frozen=True)
class Proof:
    """An export compared with its model."""

    tested_on: str
    images: int
    largest_difference: float  # of any probability
    same_class: int  # images
    export: Measured
    model: Measured

    @property
    def points_lost(self) -> float | None:
        """Points of accuracy that the export has less than the model."""
        if self.export.accuracy is None or self.model.accuracy is None:
            return None
        return 100 * (self.model.accuracy - self.export.accuracy)


def answers(network: Network, images: np.ndarray) -> np.ndarray:
    """Return the probabilities, (n, classes) float32, of images, uint8 (n, height, width, channels)."""
    return np.concatenate([network(batch) for batch in _batches(images)])


def _batches(images: np.ndarray) -> Iterator[np.ndarray]:
    size = images_at_once(images.shape[1:])
    for start in range(0, len(images), size):
        yield images[start : start + size]


def measure(network: Network, probabilities: np.ndarray, tested: ProofImages, path: Path) -> Measured:
    """Measure a network, stored in the file or folder `path`, that gave these probabilities."""
    right = None if tested.labels is None else float((probabilities.argmax(axis=1) == tested.labels).mean())
    latency = {str(size): _latency_ms(network, tested.images, size) for size in LATENCY_BATCHES}
    return Measured(right, size_of(path), latency)


def _latency_ms(network: Network, images: np.ndarray, size: int) -> float:
    batch = np.resize(images, (size, *images.shape[1:]))  # repeats them where there are fewer
    network(batch)
    began = time.perf_counter()
    times: list[float] = []
    while len(times) < TIMES and time.perf_counter() - began < SECONDS:
        before = time.perf_counter()
        network(batch)
        times.append(time.perf_counter() - before)
    return round(1000 * median(times), 3)


def size_of(path: Path) -> int:
    """Return the bytes of a file, or of all files in a folder."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.stat().st_size for file in files if file.is_file())


def compare(export: np.ndarray, model: np.ndarray) -> tuple[float, int]:
    """Return the largest difference between probabilities (n, classes), and how many images get the same class.

    A value that is not a number differs by infinity.
    """
    difference = np.nan_to_num(np.abs(export - model), nan=np.inf).max()
    return float(difference), int((export.argmax(axis=1) == model.argmax(axis=1)).sum())
