"""Folds as DVC experiments, each in a worker's clone of the project."""

import json
import queue
import threading
from collections import deque
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import mlflow

from pixelproof.errors import UserError
from pixelproof.folds.kept import Kept
from pixelproof.sweeps.clones import Clone
from pixelproof.sweeps.experiment import Experiment

POLL = 1.0  # seconds between two looks at an experiment


@dataclass
class Running:
    """The workers: each takes a fold, runs its pipeline up to `evaluate`, and keeps what it answered."""

    kept: Kept
    clones: list[Clone]  # one per worker
    logs: Path
    _stopped: threading.Event = field(default_factory=threading.Event)

    def run(self, folds: Iterable[int]) -> Generator[int]:
        """Yield the folds as they are done. Closing the generator stops those that run.

        Raises UserError where one fails, with its own reason.
        """
        waiting, ended = deque(folds), queue.SimpleQueue[int | None]()
        workers = [threading.Thread(target=self._work, args=(clone, waiting, ended)) for clone in self.clones]
        self._failure: BaseException | None = None
        for worker in workers:
            worker.start()
        try:
            for _ in workers:
                yield from iter(ended.get, None)
        finally:
            self._stopped.set()
            for worker in workers:
                worker.join()
        if self._failure:
            raise self._failure

    def _work(self, clone: Clone, waiting: "deque[int]", ended: "queue.SimpleQueue[int | None]") -> None:
        try:
            while waiting and not self._stopped.is_set():
                fold = waiting.popleft()
                if self._run_fold(fold, clone):
                    ended.put(fold)
        except BaseException as failure:
            self._failure = self._failure or failure
            self._stopped.set()
        finally:
            ended.put(None)

    def _run_fold(self, fold: int, clone: Clone) -> bool:
        """Run a fold to its end; return whether it was not stopped before."""
        name, count = self.kept.experiment(fold), self.kept.count
        log = self.logs / f"{name}.log"
        tags = {"MLFLOW_RUN_CONTEXT": json.dumps({"folds": self.kept.name, "fold": str(fold)})}
        environment = {"MLFLOW_TRACKING_URI": mlflow.get_tracking_uri(), **tags}
        experiment = clone.start(name, "evaluate", {"split.folds": count, "split.fold": fold}, environment, log)
        status = self._follow(experiment)
        if status is None:
            return False
        if status:
            raise UserError(f"fold {fold} of {count} failed: {experiment.reason()} Its log is {log}.")
        clone.publish(name)
        self.kept.keep(fold, clone.root)
        return True

    def _follow(self, experiment: Experiment) -> int | None:
        """Return the experiment's exit status; None if it was stopped."""
        try:
            while (status := experiment.status(POLL)) is None and not self._stopped.is_set():
                pass
        except BaseException:
            experiment.stop()
            raise
        if status is None:
            experiment.stop()
        return status
