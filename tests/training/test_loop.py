from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import deepcopy
from dataclasses import astuple
from itertools import islice
from math import log

import numpy as np
import pytest

from pixelproof.errors import UserError
from pixelproof.params.train import EarlyStopping, Train
from pixelproof.training.feed import Batch
from pixelproof.training.loop import Epoch, State, best_epoch, fit, stop_reason

LABELS = np.array([0, 1, 0, 1, 0])


class FakeLearner:
    """A learner whose only weight counts its epochs, and whose answers after each epoch are given.

    `answers`: after epoch e, how sure it is of the true class of each validation image.
    """

    def __init__(self, answers: Sequence[Sequence[float]], losses: Sequence[float] = (1.0,)) -> None:
        self.answers = answers
        self.losses = losses
        self.weight = np.zeros(1)
        self.steps = 0

    def train_batch(self, images: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
        self.steps += 1
        self.weight += self.steps % 2  # in place, as scikit-learn does it; an epoch has two batches
        return self.losses[(self.steps - 1) % len(self.losses)], float(labels.mean())

    def recalibrate_batch_norm(self, batches: Iterable[Batch]) -> None:
        pass

    def predict(self, batches: Iterable[Batch]) -> np.ndarray:
        labels = np.concatenate([batch.labels for batch in batches])
        sure = np.array(self.answers[int(self.weight[0]) - 1], np.float32)
        probabilities = np.empty((len(labels), 2), np.float32)
        probabilities[np.arange(len(labels)), labels] = sure
        probabilities[np.arange(len(labels)), 1 - labels] = 1 - sure
        return probabilities

    def weights(self) -> list[np.ndarray]:
        return [self.weight]

    def restore(self, weights: Sequence[np.ndarray]) -> None:
        (self.weight,) = weights

    def state(self) -> dict[str, np.ndarray]:
        return {"weight": self.weight.copy(), "steps": np.array(self.steps)}

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        self.weight, self.steps = state["weight"].copy(), int(state["steps"])


def batches() -> Iterator[Batch]:
    """Five images in a batch of four and one of one."""
    images = np.zeros((5, 2, 2, 1), np.uint8)
    yield Batch(images[:4], LABELS[:4])
    yield Batch(images[4:], LABELS[4:])


def settings(epochs: int, monitor: str | None = None, patience: int = 2) -> Train:
    stopping = EarlyStopping.model_validate({"monitor": monitor, "patience_epochs": patience}) if monitor else None
    return Train(epochs=epochs, batch_size=4, early_stopping=stopping)


def training(epoch: int, start: int) -> Iterator[Batch]:
    return islice(batches(), start, None)


def run(learner: FakeLearner, params: Train) -> tuple[list[Epoch], Epoch]:
    state = State()
    for _ in fit(learner, training, batches, params, state):
        pass
    return state.history, best_epoch(state.history, params.early_stopping)


def sure(*shares: float) -> list[list[float]]:
    """The same share for every validation image, epoch by epoch: the higher, the lower the loss."""
    return [[share] * len(LABELS) for share in shares]


@pytest.mark.parametrize(
    ("patience", "epochs"),
    [(1, 3), (2, 4), (3, 7), (9, 7)],
)
def test_the_training_stops_after_so_many_epochs_without_a_better_one(patience: int, epochs: int) -> None:
    """Else `patience_epochs` would not mean what params.yaml says."""
    learner = FakeLearner(sure(0.6, 0.7, 0.5, 0.5, 0.8, 0.5, 0.5))
    history, best = run(learner, settings(7, "valid_loss", patience))
    assert [epoch.epoch for epoch in history] == list(range(1, epochs + 1))
    assert best.epoch == (2 if epochs < 5 else 5)


def test_an_equally_good_epoch_is_no_better_one() -> None:
    """Else a training that stands still would never stop."""
    history, best = run(FakeLearner(sure(*[0.7] * 9)), settings(9, "valid_loss", 2))
    assert (len(history), best.epoch) == (3, 1)


def test_accuracy_can_be_watched_instead_of_the_loss() -> None:
    """Else `monitor: valid_accuracy` would be ignored: here the loss is best in epoch 1, the accuracy in epoch 2."""
    answers = [[0.9, 0.9, 0.9, 0.9, 0.49], [0.6] * 5, [0.95, 0.95, 0.95, 0.95, 0.49], [0.6] * 5, [0.6] * 5]
    by_accuracy, best = run(FakeLearner(answers), settings(5, "valid_accuracy", 2))
    assert (len(by_accuracy), best.epoch, best.valid_accuracy) == (4, 2, 1.0)
    by_loss, best = run(FakeLearner(answers), settings(5, "valid_loss", 2))
    assert (len(by_loss), best.epoch, best.valid_accuracy) == (5, 3, 0.8)


def test_without_early_stopping_every_epoch_is_trained() -> None:
    """Else leaving the section out would not switch the feature off."""
    history, best = run(FakeLearner(sure(0.9, 0.5, 0.5, 0.5, 0.5)), settings(5))
    assert (len(history), best.epoch) == (5, 1)


@pytest.mark.parametrize("monitor", [None, "valid_loss", "valid_accuracy"])
def test_the_learner_ends_with_the_weights_of_the_best_epoch(monitor: str | None) -> None:
    """Else the last weights would be kept, not the best; a learner that changes its arrays in place included."""
    learner = FakeLearner([[0.4] * 5, [0.9] * 5, [0.3] * 5, [0.3] * 5])
    _, best = run(learner, settings(4, monitor))
    assert best.epoch == 2
    assert learner.weights()[0] == [2]


def test_the_averages_of_an_epoch_are_weighted_by_the_size_of_the_batches() -> None:
    """Else one image in a small last batch would count as much as a whole batch."""
    history, _ = run(FakeLearner(sure(0.5), losses=(1.0, 6.0)), settings(1))
    assert history[0].train_loss == pytest.approx((4 * 1.0 + 1 * 6.0) / 5)
    assert history[0].train_accuracy == pytest.approx((4 * 0.5 + 1 * 0.0) / 5)


def test_an_epoch_counts_its_images_per_second() -> None:
    """Else the speed in the history would be that of batches, or of another time."""
    history, _ = run(FakeLearner(sure(0.5)), settings(1))
    assert history[0].images_per_second == pytest.approx(5 / history[0].seconds)


def test_the_state_is_given_after_every_batch_and_every_epoch() -> None:
    """Else MLflow would get nothing until the end, no bar could move, or each epoch had the batches of the first."""
    events: list[tuple[int, ...]] = []

    def noted(epoch: int, start: int) -> Iterator[Batch]:
        events.append((epoch,))
        return training(epoch, start)

    state = State()
    for _ in fit(FakeLearner(sure(0.5, 0.6)), noted, batches, settings(2), state):
        events.append((len(state.history), state.epoch_totals.batches))
    # The batches are drawn again before each epoch is evaluated.
    assert events == [(0,), (0, 1), (0, 2), (0,), (1, 0), (1,), (1, 1), (1, 2), (1,), (2, 0)]
    assert [epoch.valid_loss for epoch in state.history] == pytest.approx([-log(0.5), -log(0.6)])


def timeless(history: Sequence[Epoch]) -> list[Epoch]:
    return [Epoch(*astuple(epoch)[:5], seconds=0, images_per_second=0) for epoch in history]


@pytest.mark.parametrize("patience", [1, 3])
@pytest.mark.parametrize("stop", range(1, 20))
def test_a_training_stopped_anywhere_ends_as_one_that_was_not(stop: int, patience: int) -> None:
    """Else a killed training would give other epochs, another best one, or stop at another time."""
    answers, losses = sure(0.6, 0.7, 0.5, 0.8, 0.5, 0.5, 0.5), (1.0, 0.3, 0.7)
    params, whole = settings(7, "valid_loss", patience), State()
    undisturbed = FakeLearner(answers, losses)
    for _ in fit(undisturbed, training, batches, params, whole):
        pass
    first, state = FakeLearner(answers, losses), State()
    for _ in islice(fit(first, training, batches, params, state), stop):
        pass
    second, kept = FakeLearner(answers, losses), deepcopy(state)
    second.load_state(first.state())
    for _ in fit(second, training, batches, params, kept):
        pass
    assert timeless(kept.history) == timeless(whole.history)
    assert second.weight == undisturbed.weight


class Settled(FakeLearner):
    """Notes which images it sees once more before it is evaluated."""

    def __init__(self) -> None:
        super().__init__(sure(0.5, 0.6))
        self.seen: list[list[int]] = []

    def train_batch(self, images: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
        return 1.0, 1.0

    def recalibrate_batch_norm(self, batches: Iterable[Batch]) -> None:
        self.seen.append([int(batch.images[0, 0, 0, 0]) for batch in batches])


@pytest.mark.parametrize("stop", [0, 3, 19, 20, 21])
def test_before_it_is_judged_a_learner_sees_the_last_batches_of_the_epoch(stop: int) -> None:
    """Else batch norm would be settled on other images after a continuation, and the weights would differ."""

    def long(epoch: int, start: int) -> Iterator[Batch]:
        for number in range(start, 20):
            yield Batch(np.full((1, 2, 2, 1), 100 * epoch + number, np.uint8), LABELS[:1])

    first, state = Settled(), State()
    for _ in islice(fit(first, long, batches, settings(2), state), stop):
        pass
    second = Settled()
    second.load_state(first.state())
    for _ in fit(second, long, batches, settings(2), state):
        pass
    assert first.seen + second.seen == [list(range(4, 20)), list(range(104, 120))]


@pytest.mark.parametrize(("minutes", "rows"), [(1e-9, [(1, 4)]), (1e9, [(1, 5), (2, 5)])])
def test_when_the_minutes_are_over_what_was_trained_is_judged(minutes: float, rows: list[tuple[int, int]]) -> None:
    """Else a limit of time would be ignored, or an epoch longer than the limit would leave nothing."""
    params = settings(2).model_copy(update={"max_minutes": minutes})
    state = State()
    for _ in fit(FakeLearner(sure(0.9, 0.5)), training, batches, params, state):
        pass
    images = [round(epoch.images_per_second * epoch.seconds) for epoch in state.history]
    assert list(zip([epoch.epoch for epoch in state.history], images, strict=True)) == rows
    assert stop_reason(state, params) == ("max_minutes is over" if minutes < 1 else "all epochs are done")


def test_minutes_count_over_all_continuations() -> None:
    """Else a training that is killed every hour would never end."""
    params = settings(9).model_copy(update={"max_minutes": 1.0})
    row = Epoch(1, 0.5, 0.5, 0.5, 0.5, 1.0, 5.0)
    assert stop_reason(State([row], seconds=59.9), params) is None
    assert stop_reason(State([row], seconds=60.0), params) == "max_minutes is over"


@pytest.mark.parametrize("loss", [float("nan"), float("inf")])
def test_a_training_loss_that_is_no_number_is_an_error_with_a_remedy(loss: float) -> None:
    """Else a broken training would run on for hours and save broken weights."""
    learner = FakeLearner(sure(0.5, 0.5, 0.5), losses=(1.0, 1.0, 1.0, loss))
    with pytest.raises(UserError, match=r"^epoch 2, batch 2: the training loss is (nan|inf).*Lower the learning_rate"):
        run(learner, settings(3))


def test_a_validation_loss_that_is_no_number_is_an_error_too() -> None:
    """Else the very last step could break the weights, and they would be saved as the best."""
    with pytest.raises(UserError, match="epoch 1"):
        run(FakeLearner(sure(float("nan"))), settings(1))
