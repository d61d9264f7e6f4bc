"""The workers of a sweep: each asks for values, runs an experiment with them, and reports the result."""

import json
import queue
import threading
import time
from collections.abc import Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import mlflow
from optuna.study import Study
from optuna.trial import FrozenTrial, Trial, TrialState

from pixelproof.sweeps.clones import Clone
from pixelproof.sweeps.experiment import Experiment
from pixelproof.sweeps.space import Sweep
from pixelproof.sweeps.study import OWNER, decode, distributions, finished, requeue, trial_count
from pixelproof.tracking.delivery.kept import keep_addition
from pixelproof.tracking.store.trials import TrialRun

POLL = 1.0  # seconds between two looks at a training run
FAILURES = 3  # in a row, after which the cause must be in what all trials share
REASON = "reason"  # user attribute of a failed trial
STOPPED = ("stopped", "with the sweep")  # tag of an MLflow run


def experiment_name(sweep: str, number: int) -> str:
    return f"sweep-{sweep}-{number}"


def run_of(sweep: str, number: int, since: float) -> TrialRun:
    """Return the MLflow run of a trial that began at `since`, in seconds since 1970."""
    return TrialRun(tags_of(sweep, number), int(since * 1000))


def end(run: TrialRun, kind: str, why: str) -> None:
    """Say in MLflow and in `runs/` that a trial's run was stopped from outside, unless it was finished before."""
    if addition := run.end(kind, why):
        keep_addition(addition)


def tags_of(sweep: str, number: int) -> dict[str, str]:
    return {"sweep": sweep, "trial": str(number)}


@dataclass
class Search:
    """A running sweep."""

    name: str
    sweep: Sweep
    study: Study
    owner: str  # identifies this process in a study that several machines may share
    clones: list[Clone]  # one per worker
    logs: Path
    _asking: threading.Lock = field(default_factory=threading.Lock)
    _stopped: threading.Event = field(default_factory=threading.Event)
    _begun: int = 0
    _failures: int = 0

    @property
    def gave_up(self) -> bool:
        """Whether the search stopped because FAILURES trials in a row failed."""
        return self._failures >= FAILURES

    def trials(self) -> Generator[FrozenTrial]:
        """Yield the trials as they end, until the sweep is complete. Closing the generator stops running trials."""
        ended: queue.SimpleQueue[FrozenTrial | None] = queue.SimpleQueue()
        self._begun = len(finished(self.study))
        with ThreadPoolExecutor(len(self.clones)) as pool, self._stopping():
            workers = [pool.submit(self._work, clone, ended) for clone in self.clones]
            for _ in workers:
                yield from iter(ended.get, None)
            for worker in workers:
                worker.result()

    @contextmanager
    def _stopping(self) -> Iterator[None]:
        try:
            yield
        finally:
            self._stopped.set()

    def _work(self, clone: Clone, ended: "queue.SimpleQueue[FrozenTrial | None]") -> None:
        try:
            while (trial := self._ask()) is not None:
                self._run_trial(trial, clone)
                if not self._stopped.is_set():
                    ended.put(self.study.get_trials(deepcopy=False)[trial.number])
        except BaseException:
            self._stopped.set()
            raise
        finally:
            ended.put(None)

    def _ask(self) -> Trial | None:
        """Return the next trial; None if there are enough, or too many have failed."""
        with self._asking:
            if self._stopped.is_set() or self._begun >= trial_count(self.sweep) or self.gave_up:
                return None
            self._begun += 1
            trial = self.study.ask(distributions(self.sweep.space))
            trial.set_user_attr(OWNER, self.owner)
            return trial

    def _run_trial(self, trial: Trial, clone: Clone) -> None:
        """Run a trial to its end, or until it is pruned or the sweep is stopped."""
        name = experiment_name(self.name, trial.number)
        tags = tags_of(self.name, trial.number)
        run = run_of(self.name, trial.number, time.time())
        experiment = clone.start(
            name,
            f"train@{self.sweep.model}",
            decode(self.sweep.space, trial.params),
            {"MLFLOW_TRACKING_URI": mlflow.get_tracking_uri(), "MLFLOW_RUN_CONTEXT": json.dumps(tags)},
            self.logs / f"{name}.log",
        )
        try:
            status = self._follow(experiment, run, trial)
        except BaseException:
            experiment.stop()
            raise
        if status == 0:
            clone.publish(name)
            self.study.tell(trial, clone.best(self.sweep.model, self.sweep.metric))
            self._failures = 0
        elif status is not None:
            self._fail(trial, experiment.reason())

    def _follow(self, experiment: Experiment, run: TrialRun, trial: Trial) -> int | None:
        """Return the experiment's exit status; None if it was stopped, which is then recorded in the trial."""
        seen: set[int] = set()
        while (status := experiment.status(POLL)) is None:
            if self._stopped.is_set() and not run.is_finished:
                experiment.stop()
                end(run, *STOPPED)
                requeue(self.study, trial)
                return None
            if self.sweep.pruner and self._should_prune(run, trial, seen) and not run.is_finished:
                experiment.stop()
                end(run, "pruned", f"after epoch {max(seen)}")
                self.study.tell(trial, state=TrialState.PRUNED)
                return None
        return status

    def _should_prune(self, run: TrialRun, trial: Trial, seen: set[int]) -> bool:
        """Report new epochs in order; return whether the pruner stops the trial at one of them."""
        for epoch, value in run.curve(self.sweep.metric.replace("_", "/", 1)).items():
            if epoch not in seen:
                seen.add(epoch)
                trial.report(value, epoch)
                if trial.should_prune():
                    return True
        return False

    def _fail(self, trial: Trial, reason: str) -> None:
        self._failures += 1
        trial.set_user_attr(REASON, reason)
        self.study.tell(trial, state=TrialState.FAIL)
