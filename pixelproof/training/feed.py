"""Batches of images, in an order that depends only on seed and epoch: both models see the same."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np

from pixelproof.data.images.store import Images, ImageStore, images_at_once

Labels = np.ndarray[tuple[int], np.dtype[np.int64]]  # (n,) class numbers
ORDER = 3  # separates these draws from others of the same seed
Gather = Callable[[np.ndarray], Images]  # positions -> images, as ImageStore.gather


class Batch(NamedTuple):
    images: Images  # (n, height, width, channels) uint8
    labels: Labels


def training_batches(
    gather: Gather,
    labels: Labels,
    batch_size: int,
    *,
    seed: int,
    epoch: int,
    start: int = 0,
    threads: int = 1,
    at_once: int = 1,
) -> Iterator[Batch]:
    """Yield every image once, reshuffled for each epoch (counted from 0); the last batch may be smaller.

    The first `start` batches of the epoch are skipped at no cost. `threads` gather images concurrently: one is enough
    for images that are only copied, more help where `gather` waits for other processes. Each gathers one batch at a
    time, or several with at most `at_once` images together. Neither changes a batch.
    """
    order = np.random.default_rng([seed, ORDER, epoch]).permutation(len(labels))
    return _batches(order, gather, labels, batch_size, start, threads, max(1, at_once // batch_size))


def evaluation_batches(store: ImageStore, chosen: np.ndarray) -> Iterator[Batch]:
    """Yield the images at the positions `chosen` of the store once, in that order; the last batch may be smaller.

    For evaluation: the batch size changes a model's predictions by rounding at most.
    """

    def gather(positions: np.ndarray) -> Images:
        return store.gather(chosen[positions])

    return _batches(np.arange(len(chosen)), gather, store.labels[chosen], images_at_once(store.shape))


def _batches(
    order: np.ndarray,
    gather: Gather,
    labels: Labels,
    batch_size: int,
    start: int = 0,
    threads: int = 1,
    together: int = 1,
) -> Iterator[Batch]:
    """Gather whole batches, `together` at a time, a few ahead of the training step.

    These are Grain's elements. With single images as elements, Grain's shuffling and batching would cost about
    20 microseconds of Python per image, for which a small network waits; an element costs 100.
    """
    import grain  # here, since its absl takes over the logging of a program that has not set up logging

    def batches(first: int) -> list[Batch]:
        positions = order[first : first + together * batch_size]
        images, theirs = gather(positions), labels[positions]
        cuts = range(0, len(positions), batch_size)
        return [Batch(images[cut : cut + batch_size], theirs[cut : cut + batch_size]) for cut in cuts]

    ahead = grain.ReadOptions(num_threads=threads, prefetch_buffer_size=max(4, 2 * threads))
    firsts = grain.MapDataset.range(start * batch_size, len(labels), together * batch_size)
    for element in firsts.map(batches).to_iter_dataset(ahead):
        yield from element
