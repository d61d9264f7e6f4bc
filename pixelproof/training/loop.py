"""The loop around a training, the same for both models: epochs, validation, early stopping, best weights."""

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from pixelproof.data.store import Images
from pixelproof.errors import UserError
from pixelproof.params.training import EarlyStopping, Train
from pixelproof.training.feed import Batch, Labels

Probabilities = np.ndarray[tuple[int, int], np.dtype[np.float32]]  # (n, classes)
Weights = Sequence[np.ndarray]


class Learner(Protocol):
    """A model as the loop sees it. Images are uint8 (n, height, width, channels), labels class numbers."""

    def train_batch(self, images: Images, labels: Labels) -> tuple[float, float]:
        """Take one step; return the batch's mean loss and accuracy before it."""
        ...

    def predict(self, batches: Iterable[Batch]) -> Probabilities: ...

    def weights(self) -> Weights: ...

    def restore(self, weights: Weights) -> None: ...


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


def fit(
    learner: Learner,
    training: Callable[[int], Iterator[Batch]],
    valid: Callable[[], Iterator[Batch]],
    params: Train,
    on_epoch: Callable[[Epoch], None],
) -> tuple[list[Epoch], Epoch]:
    """Train until the epochs or the patience run out; leave the best epoch's weights in the learner.

    `training` gives the batches of an epoch (counted from 0). Returns the history and its best epoch.
    Raises UserError if the loss is no longer a number.
    """
    history: list[Epoch] = []
    best: Epoch | None = None
    best_weights: Weights = []
    stopping = params.early_stopping
    for epoch in range(params.epochs):
        history.append(_epoch(learner, training(epoch), valid, epoch + 1))
        on_epoch(history[-1])
        if best is None or _is_better(history[-1], best, stopping):
            best, best_weights = history[-1], [weight.copy() for weight in learner.weights()]
        elif stopping and history[-1].epoch - best.epoch >= stopping.patience_epochs:
            break
    assert best is not None
    learner.restore(best_weights)
    return history, best


def _epoch(learner: Learner, batches: Iterator[Batch], valid: Callable[[], Iterator[Batch]], number: int) -> Epoch:
    start = time.perf_counter()
    steps = [(*learner.train_batch(batch.images, batch.labels), len(batch.labels)) for batch in batches]
    seconds = time.perf_counter() - start
    losses, accuracies, sizes = map(np.array, zip(*steps, strict=True))
    train_loss, train_accuracy = np.average([losses, accuracies], axis=1, weights=sizes).tolist()
    labels = np.concatenate([batch.labels for batch in valid()])
    valid_loss, valid_accuracy = score(learner.predict(valid()), labels)
    if not np.isfinite([train_loss, valid_loss]).all():
        raise UserError(
            f"epoch {number}: the training loss is {train_loss}, the validation loss {valid_loss}; that is no number "
            "to learn from. Lower the learning_rate in params.yaml."
        )
    return Epoch(number, train_loss, train_accuracy, valid_loss, valid_accuracy, seconds, sizes.sum() / seconds)


def _is_better(epoch: Epoch, best: Epoch, stopping: EarlyStopping | None) -> bool:
    if stopping and stopping.monitor == "valid_accuracy":
        return epoch.valid_accuracy > best.valid_accuracy
    return epoch.valid_loss < best.valid_loss


def score(probabilities: Probabilities, labels: np.ndarray) -> tuple[float, float]:
    """Return the mean cross-entropy in nats, clipped as scikit-learn's log_loss is, and the accuracy."""
    true = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    loss = -np.log(np.maximum(true, np.finfo(np.float32).eps)).mean()
    return float(loss), float((probabilities.argmax(axis=1) == labels).mean())


def weights_sha256(weights: Weights) -> str:
    """Return a hash over the arrays, in order, with their shapes and types: equal if and only if they are."""
    digest = hashlib.sha256()
    for weight in weights:
        digest.update(f"{weight.dtype.str} {weight.shape} ".encode())
        digest.update(np.ascontiguousarray(weight).data)
    return digest.hexdigest()
