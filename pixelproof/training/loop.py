"""The training loop, the same for both models: epochs, validation, early stopping, best weights."""

import hashlib
import math
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Protocol

import numpy as np

from pixelproof.data.images.store import Images
from pixelproof.errors import UserError
from pixelproof.params.train import EarlyStopping, Train
from pixelproof.training.feed import Batch, Labels
from pixelproof.training.machine import sample
from pixelproof.training.snapshots import Snapshots

Probabilities = np.ndarray[tuple[int, int], np.dtype[np.float32]]  # (n, classes)
Weights = Sequence[np.ndarray]
TrainingBatches = Callable[[int, int], Iterator[Batch]]  # epoch (from 0), batches to skip -> the other batches
ValidBatches = Callable[[], Iterator[Batch]]
RECALIBRATION_BATCHES = 16  # last batches of an epoch, seen once more before evaluation


class Learner(Protocol):
    """A model in training, as the loop uses it. Images: uint8 (n, height, width, channels); labels: class numbers."""

    def train_batch(self, images: Images, labels: Labels) -> tuple[float, float]:
        """Take one step; return the batch's mean loss and accuracy before it."""
        ...

    def recalibrate_batch_norm(self, batches: Iterable[Batch]) -> None:
        """Recompute batch norm's statistics for evaluation from the last batches of the epoch."""
        ...

    def predict(self, batches: Iterable[Batch]) -> Probabilities: ...

    def weights(self) -> Weights:
        """Return the weights that are evaluated and saved."""
        ...

    def restore(self, weights: Weights) -> None:
        """Put such weights back for evaluation and saving; training cannot continue afterwards."""
        ...

    def state(self) -> dict[str, np.ndarray]:
        """Return everything that the next `train_batch` depends on, the optimizer's moments included."""
        ...

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Continue bit by bit as the learner with the same params that gave `state` would."""
        ...


class SavedLearner(Learner, Protocol):
    """A learner that can be saved."""

    @property
    def parameters(self) -> int: ...

    def save(self, folder: Path) -> None: ...


@dataclass(frozen=True)
class Epoch:
    """A row of history.csv. Losses are mean cross-entropies in nats."""

    epoch: int  # counted from 1
    train_loss: float
    train_accuracy: float
    valid_loss: float
    valid_accuracy: float
    seconds: float
    images_per_second: float
    ended: int = 0  # milliseconds since 1970
    cpu_percent: float = 0.0  # of the whole machine, since the previous epoch
    memory_bytes: int = 0  # of this process, at the end of the epoch


@dataclass
class EpochTotals:
    """Sums over the batches so far of the current epoch."""

    batches: int = 0
    images: int = 0
    loss: float = 0.0  # over images
    accuracy: float = 0.0
    seconds: float = 0.0

    def add(self, loss: float, accuracy: float, images: int, seconds: float) -> None:
        self.batches += 1
        self.images += images
        self.loss += loss * images
        self.accuracy += accuracy * images
        self.seconds += seconds


@dataclass
class State:
    """The state of a training run; with the learner's state, everything needed to continue.

    The best epoch and early stopping follow from the history.
    """

    history: list[Epoch] = field(default_factory=list)
    epoch_totals: EpochTotals = field(default_factory=EpochTotals)
    best_weights: Weights = ()
    seconds: float = 0.0  # of training and validation so far
    snapshots: Snapshots = field(default_factory=dict)

    @property
    def has_begun(self) -> bool:
        return bool(self.history or self.epoch_totals.batches)


def fit(
    learner: Learner, training: TrainingBatches, valid: ValidBatches, params: Train, state: State
) -> Iterator[State]:
    """Train from `state` until epochs, patience or minutes run out; leave the best epoch's weights in the learner.

    Yields the state, updated in place, after each batch and after each epoch (then `epoch_totals` is empty). At each
    yield training can be stopped, and continued later from this state and the learner's.
    Raises UserError if the loss is not finite.
    """
    while stop_reason(state, params) is None:
        yield from _train_epoch(learner, training, params, state)
        _end_epoch(learner, training, valid, params, state)
        yield state
    learner.restore(state.best_weights)


def stop_reason(state: State, params: Train) -> str | None:
    """Return why a training run ends after this epoch; None while it continues."""
    if not state.history or state.epoch_totals.batches:
        return None
    stopping, last = params.early_stopping, state.history[-1]
    if stopping and last.epoch - best_epoch(state.history, stopping).epoch >= stopping.patience_epochs:
        return f"{stopping.patience_epochs} epochs without a better one"
    if last.epoch >= params.epochs:
        return "all epochs are done"
    return "max_minutes is over" if _time_is_over(state, params) else None


def best_epoch(history: Sequence[Epoch], stopping: EarlyStopping | None) -> Epoch:
    """Return the best epoch by early stopping's monitor, else by validation loss; the first of equals."""
    if stopping and stopping.monitor == "valid_accuracy":
        return max(history, key=lambda epoch: epoch.valid_accuracy)
    return min(history, key=lambda epoch: epoch.valid_loss)


def _time_is_over(state: State, params: Train) -> bool:
    return params.max_minutes is not None and state.seconds >= 60 * params.max_minutes


def _train_epoch(learner: Learner, training: TrainingBatches, params: Train, state: State) -> Iterator[State]:
    """Train the rest of an epoch, or as much of it as `max_minutes` allows."""
    epoch, totals = len(state.history), state.epoch_totals
    started = time.perf_counter()
    for batch in training(epoch, totals.batches):
        loss, accuracy = learner.train_batch(batch.images, batch.labels)
        _check(loss, f"epoch {epoch + 1}, batch {totals.batches + 1}: the training loss")
        seconds = time.perf_counter() - started
        totals.add(loss, accuracy, len(batch.labels), seconds)
        state.seconds += seconds
        yield state
        if _time_is_over(state, params):
            return
        started = time.perf_counter()


def _end_epoch(learner: Learner, training: TrainingBatches, valid: ValidBatches, params: Train, state: State) -> None:
    """Evaluate the epoch, add its row to the history, and keep its weights if they are the best."""
    started = time.perf_counter()
    number, totals = len(state.history) + 1, state.epoch_totals
    learner.recalibrate_batch_norm(
        islice(training(number - 1, max(totals.batches - RECALIBRATION_BATCHES, 0)), RECALIBRATION_BATCHES)
    )
    valid_loss, valid_accuracy = _evaluate(learner, valid)
    _check(valid_loss, f"epoch {number}: the validation loss")
    means = totals.loss / totals.images, totals.accuracy / totals.images
    speed = totals.images / totals.seconds
    measured = valid_loss, valid_accuracy, totals.seconds, speed
    state.history.append(Epoch(number, *means, *measured, time.time_ns() // 1_000_000, *sample()))
    if best_epoch(state.history, params.early_stopping).epoch == number:
        state.best_weights = [weight.copy() for weight in learner.weights()]
    state.epoch_totals = EpochTotals()
    state.seconds += time.perf_counter() - started


def _evaluate(learner: Learner, valid: ValidBatches) -> tuple[float, float]:
    labels: list[Labels] = []

    def noting_labels() -> Iterator[Batch]:
        for batch in valid():
            labels.append(batch.labels)
            yield batch

    return score(learner.predict(noting_labels()), np.concatenate(labels))


def _check(loss: float, what: str) -> None:
    if not math.isfinite(loss):
        raise UserError(f"{what} is {loss}: training diverged. Lower the learning_rate in params.yaml.")


def score(probabilities: Probabilities, labels: np.ndarray) -> tuple[float, float]:
    """Return the mean cross-entropy in nats, clipped as scikit-learn's log_loss is, and the accuracy."""
    true = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    loss = -np.log(np.maximum(true, np.finfo(np.float32).eps)).mean()
    return float(loss), float((probabilities.argmax(axis=1) == labels).mean())


def weights_sha256(weights: Weights) -> str:
    """Return a hash of the arrays in order, with their shapes and types."""
    digest = hashlib.sha256()
    for weight in weights:
        digest.update(f"{weight.dtype.str} {weight.shape} ".encode())
        digest.update(np.ascontiguousarray(weight).data)
    return digest.hexdigest()
