"""A run while it is made: recorded here, and delivered to MLflow as far as that can be reached.

A tracking store that is away, or refuses half way, stops no training run: what it lacks is in `runs/`.
"""

import logging
import os
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import requests
from mlflow.entities import LifecycleStage, Run
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from pixelproof.errors import UserError
from pixelproof.files import locked
from pixelproof.paths import project_root
from pixelproof.tracking.delivery.delivery import Delivery, begin, deliver, has_all
from pixelproof.tracking.delivery.kept import keep, keep_addition
from pixelproof.tracking.run.metric_points import MetricPoint
from pixelproof.tracking.run.naming import experiment_name
from pixelproof.tracking.run.record import (
    FAILED,
    FINISHED,
    KILLED,
    Record,
    RecordedRun,
    RunFolder,
    Status,
    files_in,
    now,
    read_addition,
    read_training,
)
from pixelproof.tracking.store import runs_table
from pixelproof.tracking.store.connection import connect, find, store_uri
from pixelproof.tracking.store.databases import UnreachableError, probe
from pixelproof.tracking.store.refusals import server_errors_as_user_errors

WORK = ".work"  # below the project's folder; whoever delivers holds a lock on it
PATIENCE = {  # with a server, while a model waits; a person may set others
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",  # seconds
}
PAUSE = 20  # times as long as a failed attempt took, until the next one: a server that hangs costs a twentieth at most
FAILURES = (MlflowException, requests.RequestException, UserError, OSError)


class LiveRun:
    """The run of a training; `record` may be added to, and `flush` brings MLflow to its state."""

    def __init__(self, record: Record, files: Mapping[str, Path], *, resumed: bool) -> None:
        self.record = record
        self.files = files
        self.is_behind = False
        self._has_name = resumed  # the record's run_id may stand in a checkpoint
        self._delivery: Delivery | None = None
        self._delivered = 0  # points that the store has
        self._again_at = 0.0

    @property
    def model_id(self) -> str | None:
        return self._delivery.model_id if self._delivery else None

    def open(self) -> None:
        """Begin the run in MLflow, or go on with it. Raises UserError where a server refuses, but not if it is away."""
        began = time.monotonic()
        try:
            self._connect()
        except UnreachableError as error:
            self._postpone(error, began)
        self._has_name = True
        self.keep()

    def add(self, points: Iterable[MetricPoint]) -> None:
        self.record.metrics.extend(points)
        self.keep()
        self.flush()

    def keep(self) -> None:
        """Write the record to `runs/`, under the id that the run has now."""
        keep(RunFolder(self.record, self.files))

    def flush(self, *, at_once: bool = False) -> None:
        """Bring MLflow to the state of the record; a server that does not take it is asked again later."""
        began = time.monotonic()
        if began < self._again_at and not at_once:
            return
        try:
            with server_errors_as_user_errors():
                probe(store_uri())
                delivery = self._delivery or self._connect()
                news = self.record.model_copy(update={"metrics": self.record.metrics[self._delivered :]})
                delivery.training(RunFolder(news, self.files))
        except FAILURES as error:
            self._postpone(error, began)
        else:
            self._delivered = len(self.record.metrics)
            if self.is_behind:
                logging.info("MLflow accepts logs again, and has all of them now")
            self.is_behind, self._again_at = False, 0.0

    def end(self, status: Status) -> None:
        """Say how the run ended."""
        self.record.status = status
        if status != FINISHED or self.record.ended is None:
            self.record.ended = now()
        run_id = self.record.run_id
        self.keep()
        self.flush()
        if self.record.run_id != run_id:  # the store has deleted the run, and given the rest of it another id
            self.keep()

    def _connect(self) -> Delivery:
        client = connect(self.record.experiment)
        with server_errors_as_user_errors(), delivering():
            run = find(client, self.record.run_id) if self._has_name else None
            if run and not _can_go_on(client, run, self.record.experiment):
                run, self._has_name = None, False
            if run is None:
                run = begin(client, self.record)
                if not self._has_name:
                    self.record.run_id = run.info.run_id
            elif run.info.status != "RUNNING":
                client.update_run(run.info.run_id, "RUNNING")
            self._delivery, self._delivered = Delivery(client, client.get_run(run.info.run_id)), 0
        return self._delivery

    def _postpone(self, error: Exception, began: float) -> None:
        if not self.is_behind:
            reason = str(error).split("\n")[0]
            logging.warning(
                "MLflow: %s\nThe training continues; its logs are kept here, and `pixelproof sync` delivers them.",
                reason,
            )
        self.is_behind, self._delivery = True, None
        self._again_at = time.monotonic() + PAUSE * (time.monotonic() - began)


@contextmanager
def recording(record: Record, files: Mapping[str, Path], *, resumed: bool) -> Iterator[LiveRun]:
    """Open the record's run, or with `resumed` the one that has its id; yield it.

    It ends as FINISHED, as KILLED after a signal or Ctrl-C, or as FAILED after another exception.
    """
    with patience():
        run = LiveRun(record, files, resumed=resumed)
        run.open()
        try:
            yield run
        except BaseException as error:
            _end_early(run, KILLED if isinstance(error, KeyboardInterrupt) else FAILED)
            raise
        run.end(FINISHED)


def _end_early(run: LiveRun, status: Status) -> None:
    """End the run; where the disk fails, too, that must not hide what went wrong before."""
    try:
        run.end(status)
    except OSError as error:
        logging.warning("MLflow: the run could not be marked as %s: %s", status, error)


def _can_go_on(client: MlflowClient, run: Run, experiment: str) -> bool:
    """Tell whether a run is not deleted, and in the experiment of today."""
    here = client.get_experiment_by_name(experiment_name(experiment))
    is_here = here is not None and run.info.experiment_id == here.experiment_id
    return is_here and bool(run.info.lifecycle_stage == LifecycleStage.ACTIVE)


def complete(model: Path, addition: Path) -> None:
    """Keep what a stage adds to the run of the model in the folder `model`, and bring it to MLflow; else warn."""
    run = RecordedRun(read_training(files_in(model)), [read_addition(files_in(addition))])
    keep_addition(run.additions[0].record)
    try:
        with patience(), server_errors_as_user_errors():
            client = connect(run.training.record.experiment)
            with delivering():
                stored = find(client, run.training.record.run_id)
                if stored and has_all(stored, run):
                    return
                stored = deliver(client, run).run
            runs_table.save(client, stored.info.experiment_id)
    except (MlflowException, requests.RequestException, OSError, UnreachableError) as error:
        reason = str(error).split("\n")[0]
        logging.warning("MLflow: %s\nWhat it lacks is kept in runs/; `pixelproof sync` delivers it.", reason)


@contextmanager
def delivering() -> Iterator[None]:
    """Let no other process of this project begin the same run meanwhile."""
    folder = project_root() / WORK
    folder.mkdir(exist_ok=True)
    with locked(folder):
        yield


@contextmanager
def patience() -> Iterator[None]:
    """Ask a server that does not answer only for a short time, unless the environment says for how long."""
    own = {key: value for key, value in PATIENCE.items() if key not in os.environ}
    os.environ.update(own)
    try:
        yield
    finally:
        for key in own:
            with suppress(KeyError):
                del os.environ[key]
