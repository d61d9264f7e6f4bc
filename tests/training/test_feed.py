from itertools import islice
from math import prod

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixelproof.data.images.store import Images, ImageShape, images_at_once
from pixelproof.training.feed import Batch, training_batches

# A thread reads ahead for each iterator: few examples, and no deadline on a busy machine.
FEW = settings(max_examples=15, deadline=None)
COUNTS = st.integers(1, 40)
SIZES = st.integers(1, 12)


def gather(positions: np.ndarray) -> Images:
    """Images of one pixel, which tells their position."""
    return positions.astype(np.uint8).reshape(-1, 1, 1, 1)


def labels(count: int) -> np.ndarray:
    return (np.arange(count) * 7) % 5


def epoch_of(count: int, batch_size: int, *, seed: int = 7, epoch: int = 0) -> list[Batch]:
    return list(training_batches(gather, labels(count), batch_size, seed=seed, epoch=epoch))


def order(batches: list[Batch]) -> list[int]:
    return [int(pixel) for batch in batches for pixel in batch.images.ravel()]


@FEW
@given(COUNTS, SIZES, st.integers(0, 2**32 - 1), st.integers(0, 100))
def test_an_epoch_has_every_image_once(count: int, batch_size: int, seed: int, epoch: int) -> None:
    """Else photos would be left out of the training, or count twice."""
    assert sorted(order(epoch_of(count, batch_size, seed=seed, epoch=epoch))) == list(range(count))


@FEW
@given(COUNTS, SIZES)
def test_only_the_last_batch_is_smaller(count: int, batch_size: int) -> None:
    """Else the remainder would be dropped, or steps would have other sizes than asked for."""
    sizes = [len(batch.labels) for batch in epoch_of(count, batch_size)]
    full, rest = divmod(count, batch_size)
    assert sizes == [batch_size] * full + [rest] * (rest > 0)


@FEW
@given(COUNTS, SIZES)
def test_images_keep_their_labels(count: int, batch_size: int) -> None:
    """Else the models would learn wrong answers."""
    for batch in epoch_of(count, batch_size):
        np.testing.assert_array_equal(batch.labels, labels(count)[batch.images.ravel()])


@given(st.tuples(st.integers(1, 4000), st.integers(1, 4000), st.sampled_from([1, 3])))
def test_images_that_are_handled_at_once_take_bounded_memory(shape: ImageShape) -> None:
    """Else the validation would take several times the memory of the training on large images."""
    count = images_at_once(shape)
    assert 1 <= count <= 256
    assert count == 1 or count * prod(shape) <= 256 * 128 * 128 * 3
    assert count == 256 or (count + 1) * prod(shape) > 256 * 128 * 128 * 3


@FEW
@given(COUNTS, SIZES, st.integers(0, 50), st.integers(1, 4), st.integers(1, 30))
def test_an_epoch_from_a_batch_on_is_its_tail(
    count: int, batch_size: int, start: int, threads: int, at_once: int
) -> None:
    """Else a training that goes on in the middle of an epoch would repeat or leave out images."""
    whole = epoch_of(count, batch_size, epoch=3)
    options = {"start": start, "threads": threads, "at_once": at_once}
    tail = list(training_batches(gather, labels(count), batch_size, seed=7, epoch=3, **options))
    assert len(tail) == len(whole[start:])
    for batch, expected in zip(tail, whole[start:], strict=True):
        np.testing.assert_array_equal(batch.images, expected.images)
        np.testing.assert_array_equal(batch.labels, expected.labels)


def test_batches_that_are_left_out_are_not_gathered() -> None:
    """Else going on at the end of a long epoch would read, or draw, all of its images first."""
    gathered: list[int] = []

    def noting(positions: np.ndarray) -> Images:
        gathered.extend(positions.tolist())
        return gather(positions)

    batches = list(training_batches(noting, labels(40), 4, seed=7, epoch=0, start=8))
    assert sorted(gathered) == sorted(order(batches))
    assert len(gathered) == 8


def test_the_order_depends_on_the_seed_and_the_epoch_alone() -> None:
    """Else the CNN and the MLP would not see the same batches, nor a repeated training the same as the first."""
    assert order(epoch_of(40, 8, epoch=3)) == order(epoch_of(40, 8, epoch=3))
    assert order(epoch_of(40, 8, epoch=3)) == order(epoch_of(40, 3, epoch=3))  # not even on the size of the batches


@pytest.mark.parametrize("other", [{"epoch": 1}, {"seed": 8}])
def test_another_epoch_or_seed_has_another_order(other: dict[str, int]) -> None:
    """Else every epoch would show the same batches, or the seed would change nothing."""
    assert order(epoch_of(40, 8, **other)) != order(epoch_of(40, 8))


def test_a_training_order_is_shuffled() -> None:
    """Else whole batches would hold one class: the photos are stored class by class."""
    assert order(epoch_of(40, 8)) != list(range(40))


def test_the_next_epochs_order_is_not_the_next_seeds() -> None:
    """Else seed 7 in its second epoch would repeat seed 8 in its first, as with seed + epoch."""
    assert order(epoch_of(40, 8, seed=7, epoch=1)) != order(epoch_of(40, 8, seed=8, epoch=0))


def test_a_feed_that_is_left_early_can_be_started_again() -> None:
    """Else a training that stops in the middle of an epoch would leave its reading thread in the way."""
    assert len(list(islice(training_batches(gather, labels(40), 4, seed=7, epoch=0), 2))) == 2
    assert len(order(epoch_of(40, 4))) == 40
