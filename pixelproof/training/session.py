"""A training run with progress, checkpoints, and an orderly stop after a signal."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from pixelproof import console
from pixelproof.errors import Interrupted
from pixelproof.params.train import Train
from pixelproof.training.checkpoint import Checkpoints
from pixelproof.training.interruption import Interruption
from pixelproof.training.loop import Epoch, Learner, State, TrainingBatches, ValidBatches, best_epoch, fit, stop_reason
from pixelproof.training.snapshots import with_epoch


@dataclass(frozen=True)
class Session:
    """A training run from its state on. `name`: for messages; `images`: how many an epoch has."""

    name: str
    learner: Learner
    params: Train
    images: int
    checkpoints: Checkpoints
    on_epoch: Callable[[Epoch], None]  # called once the epoch is saved

    def run(self, training: TrainingBatches, valid: ValidBatches, state: State, interruption: Interruption) -> None:
        """Train to the end, keeping snapshots. Raises Interrupted after a signal, once the state is saved."""
        if not state.has_begun:
            state.snapshots = with_epoch({}, 0, self.learner.weights())
        try:
            self._run(training, lambda: interruption.checking(valid()), state, interruption)
        except Interrupted as stop:
            self.checkpoints.save(state)
            raise Interrupted(f"{self.name}, {_position(state)}: {stop}", stop.number) from None
        best = best_epoch(state.history, self.params.early_stopping)
        result = f"best epoch {best.epoch}: valid loss {best.valid_loss:.4f}, valid accuracy {best.valid_accuracy:.4f}"
        logging.info("%s: %s; %s", self.name, stop_reason(state, self.params), result)

    def _run(self, training: TrainingBatches, valid: ValidBatches, state: State, interruption: Interruption) -> None:
        with console.training_bar(self.name, self.params.epochs * self.images, self._done(state)) as show:
            if state.has_begun and not stop_reason(state, self.params):
                logging.info("%s: continues at %s", self.name, _position(state))
            for _ in fit(self.learner, training, valid, self.params, state):
                if state.epoch_totals.batches:
                    self.checkpoints.save_if_due(state)
                else:
                    self._end_epoch(state.history[-1], state)
                show(self._done(state), self._status(state))
                interruption.check()

    def _end_epoch(self, epoch: Epoch, state: State) -> None:
        state.snapshots = with_epoch(state.snapshots, epoch.epoch, self.learner.weights())
        self.checkpoints.save(state)
        self.on_epoch(epoch)
        if not console.has_terminal():
            logging.info("%s  %s", self.name, _line(epoch, self.params.epochs))

    def _done(self, state: State) -> int:
        return len(state.history) * self.images + state.epoch_totals.images

    def _status(self, state: State) -> str:
        """Return the status text of the progress bar."""
        history, totals, epochs = state.history, state.epoch_totals, self.params.epochs
        loss = totals.loss / totals.images if totals.images else history[-1].train_loss
        progress = f"epoch {min(len(history) + 1, epochs)}/{epochs}  loss {loss:.4f}"
        if not history:
            return progress
        best = best_epoch(history, self.params.early_stopping)
        accuracies = f"valid accuracy {history[-1].valid_accuracy:.4f}  best {best.valid_accuracy:.4f}"
        return f"{progress}  {accuracies} in epoch {best.epoch}"


def _line(epoch: Epoch, epochs: int) -> str:
    return (
        f"epoch {epoch.epoch}/{epochs}  loss {epoch.train_loss:.4f}  accuracy {epoch.train_accuracy:.4f}  "
        f"valid loss {epoch.valid_loss:.4f}  valid accuracy {epoch.valid_accuracy:.4f}  "
        f"{epoch.images_per_second:.0f} images/s"
    )


def _position(state: State) -> str:
    """Return the next batch in words, counted from 1."""
    return f"epoch {len(state.history) + 1}, batch {state.epoch_totals.batches + 1}"
