"""A training is shown, saved before it is logged, and stopped by a signal in good order."""

import logging
import os
import signal
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pixelproof import console
from pixelproof.errors import Interrupted, UserError
from pixelproof.params.train import Train
from pixelproof.training.checkpoint import Checkpoints, read
from pixelproof.training.feed import Batch
from pixelproof.training.interruption import Interruption
from pixelproof.training.loop import Epoch, State
from pixelproof.training.session import Session
from pixelproof.training.snapshots import write_snapshots

PARAMS = Train(epochs=3, batch_size=2)
IMAGES = 4


class Walker:
    """A learner whose weight is a sum over its steps; `at` names what happens before a step or a prediction."""

    def __init__(self, at: Mapping[str, int] | None = None, losses: Mapping[int, float] | None = None) -> None:
        self.weight, self.steps, self.predictions = np.zeros(1), 0, 0
        self.at, self.losses = at or {}, losses or {}

    def train_batch(self, images: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
        self.steps += 1
        self.weight += 0.1 * self.steps
        self._signal(f"step {self.steps}")
        return self.losses.get(self.steps, 1 / self.steps), 0.5

    def recalibrate_batch_norm(self, batches: Iterable[Batch]) -> None:
        pass

    def predict(self, batches: Iterable[Batch]) -> np.ndarray:
        self.predictions += 1
        self._signal(f"validation {self.predictions}")
        count = sum(len(batch.labels) for batch in batches)
        sure = 1 / (1 + self.weight[0])
        return np.tile(np.array([sure, 1 - sure], np.float32), (count, 1))

    def _signal(self, moment: str) -> None:
        if moment in self.at:
            os.kill(os.getpid(), self.at[moment])

    def weights(self) -> list[np.ndarray]:
        return [self.weight]

    def restore(self, weights: Sequence[np.ndarray]) -> None:
        self.weight = weights[0].copy()

    def state(self) -> dict[str, np.ndarray]:
        return {"weight": self.weight.copy(), "steps": np.array(self.steps)}

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        self.weight, self.steps = state["weight"].copy(), int(state["steps"])


def batches() -> Iterator[Batch]:
    for _ in range(2):
        yield Batch(np.zeros((2, 1, 1, 1), np.uint8), np.array([0, 1]))


def train(path: Path, learner: Walker, rows: list[Epoch] | None = None) -> State:
    """Train from the checkpoint at `path`, if there is one, as the stage does."""
    found = read(path)
    state = found.state if found else State()
    if found and state.has_begun:
        learner.load_state(found.learner)
    checkpoints = Checkpoints(path, "run", learner, None)
    session = Session("train it", learner, PARAMS, IMAGES, checkpoints, (rows if rows is not None else []).append)
    with Interruption() as interruption:
        session.run(lambda epoch, start: islice(batches(), start, None), batches, state, interruption)
    return state


def numbers(state: State) -> list[tuple[float, ...]]:
    return [(row.epoch, row.train_loss, row.train_accuracy, row.valid_loss) for row in state.history]


MOMENTS = [f"step {number}" for number in range(1, 7)] + [f"validation {number}" for number in range(1, 4)]


@pytest.mark.parametrize("moment", MOMENTS)
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_training_stopped_by_a_signal_goes_on_where_it_was(number: int, moment: str, tmp_path: Path) -> None:
    """Else a batch would be lost or counted twice, or a signal in the validation would cost the epoch."""
    undisturbed = Walker()
    whole = train(tmp_path / "whole.npz", undisturbed)
    path = tmp_path / "checkpoint.npz"
    with pytest.raises(
        Interrupted, match=r"^train it, epoch \d, batch \d: stopped by SIG\w+; nothing is lost, `dvc repro`"
    ) as stop:
        train(path, Walker({moment: number}))
    assert stop.value.number == number
    found = read(path)
    assert found
    assert 2 * len(found.state.history) + found.state.epoch_totals.batches == learned_at(moment)
    second = Walker()
    continued = train(path, second)
    assert numbers(continued) == numbers(whole)
    assert second.weight == undisturbed.weight
    assert list(continued.snapshots) == [0, 1, 2, 3]
    for state in (continued, whole):
        write_snapshots(tmp_path / f"{len(list(tmp_path.iterdir()))}-snapshots.npz", state.snapshots)
    one, other = (each.read_bytes() for each in tmp_path.glob("*-snapshots.npz"))
    assert one == other


def learned_at(moment: str) -> int:
    """Return how many batches are done at a moment; an epoch has two."""
    kind, number = moment.split()
    return int(number) * (1 if kind == "step" else 2)


def test_an_epoch_is_saved_before_it_is_logged(tmp_path: Path) -> None:
    """Else a kill in between would let the continued training log the epoch a second time."""
    path, saved = tmp_path / "checkpoint.npz", []

    class Rows(list[Epoch]):
        def append(self, epoch: Epoch) -> None:
            found = read(path)
            saved.append((epoch.epoch, len(found.state.history) if found else 0))

    train(path, Walker(), Rows())
    assert saved == [(1, 1), (2, 2), (3, 3)]


def test_a_training_that_had_ended_is_not_trained_again(tmp_path: Path) -> None:
    """Else a kill while the model is logged would cost an epoch, or add one."""
    path, first, again = tmp_path / "checkpoint.npz", Walker(), Walker()
    whole, rows = train(path, first), []
    assert numbers(train(path, again, rows)) == numbers(whole)
    assert (again.weight, again.steps, rows) == (first.weight, 6, [])


def test_after_a_loss_that_is_no_number_the_last_good_state_stays(tmp_path: Path) -> None:
    """Else broken weights would take the place of good ones."""
    path = tmp_path / "checkpoint.npz"
    with pytest.raises(UserError, match="epoch 2, batch 2: the training loss is nan"):
        train(path, Walker(losses={4: float("nan")}))
    found = read(path)
    assert found
    assert (len(found.state.history), found.state.epoch_totals.batches, found.learner["steps"]) == (1, 0, 2)


def test_without_a_terminal_there_is_a_line_an_epoch(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Else the log of a server would be empty, or full of half bars."""
    caplog.set_level(logging.INFO)
    train(tmp_path / "checkpoint.npz", Walker())
    assert [message.split("  ")[:2] for message in caplog.messages[:3]] == [
        ["train it", f"epoch {number}/3"] for number in (1, 2, 3)
    ]
    assert caplog.messages[3].startswith("train it: all epochs are done; best epoch 2: valid loss 0.")
    assert len(caplog.messages) == 4


def test_on_a_terminal_there_is_one_bar(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], caplog: Any
) -> None:
    """Else a person would not see how far a training is, what it has reached, and when it will be over."""
    caplog.set_level(logging.INFO)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "200")
    train(tmp_path / "checkpoint.npz", Walker())
    seen = capsys.readouterr().err
    assert console.has_terminal()
    assert "train it" in seen
    assert "100%" in seen
    assert "epoch 3/3" in seen
    assert "images/s" in seen
    assert "in epoch 2" in seen
    assert len(caplog.messages) == 1


def test_who_continues_is_told_where(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Else nobody would know that a training has not begun anew."""
    caplog.set_level(logging.INFO)
    path = tmp_path / "checkpoint.npz"
    with pytest.raises(Interrupted, match="epoch 2, batch 2"):
        train(path, Walker({"step 3": signal.SIGINT}))
    train(path, Walker())
    assert "train it: continues at epoch 2, batch 2" in caplog.messages
