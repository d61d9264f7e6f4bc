"""Batches of images, in an order that depends on the seed and the epoch alone: both models see the same."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from pixelproof.data.store import Images

if TYPE_CHECKING:
    import grain

Labels = np.ndarray[tuple[int], np.dtype[np.int64]]  # (n,) class numbers
Gather = Callable[[np.ndarray], Images]  # positions -> images, as ImageStore.gather


class Batch(NamedTuple):
    images: Images  # (n, height, width, channels) uint8
    labels: Labels


def training_batches(
    gather: Gather, labels: Labels, batch_size: int, *, seed: int, epoch: int, start: int = 0
) -> Iterator[Batch]:
    """Yield every image once, shuffled anew for each epoch (counted from 0); the last batch may be smaller.

    The first `start` batches are left out, without being read.
    """
    import grain  # here, since its absl takes over the logging of a program that has not set up its own

    shuffle_seed = int(np.random.SeedSequence([seed, epoch]).generate_state(1)[0])
    return _batches(grain.MapDataset.range(len(labels)).shuffle(seed=shuffle_seed), gather, labels, batch_size, start)


def plain_batches(gather: Gather, labels: Labels, batch_size: int) -> Iterator[Batch]:
    """Yield every image once, in order; the last batch may be smaller."""
    import grain

    return _batches(grain.MapDataset.range(len(labels)), gather, labels, batch_size)


def _batches(
    order: "grain.MapDataset[int]", gather: Gather, labels: Labels, batch_size: int, start: int = 0
) -> Iterator[Batch]:
    """Gather whole batches at once, a few of them ahead of the training."""
    import grain

    def batch(positions: np.ndarray) -> Batch:
        return Batch(gather(positions), labels[positions])

    ready = (
        order.batch(batch_size)[start:]
        .map(batch)
        .to_iter_dataset(grain.ReadOptions(num_threads=1, prefetch_buffer_size=4))
    )
    yield from ready
