"""`pixelproof sync`: MLflow is brought to the state of all that Git and DVC keep of runs."""

import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from mlflow.entities import LifecycleStage
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import INVALID_PARAMETER_VALUE, ErrorCode
from mlflow.tracking import MlflowClient

from pixelproof import console
from pixelproof.errors import UserError
from pixelproof.paths import project_root
from pixelproof.tracking.delivery.delivery import deliver
from pixelproof.tracking.delivery.kept import FOLDER, keep, keep_addition
from pixelproof.tracking.delivery.live import delivering, patience
from pixelproof.tracking.history.recorded import History, history
from pixelproof.tracking.run.naming import experiment_name
from pixelproof.tracking.run.record import RecordedRun
from pixelproof.tracking.store import runs_table
from pixelproof.tracking.store.address import resolve
from pixelproof.tracking.store.connection import connect, experiment_id, find, store_uri
from pixelproof.tracking.store.refusals import server_errors_as_user_errors

MADE, COMPLETED, THERE = "made", "completed", "already there"
DELETED, REFUSED = "deleted in MLflow, and left deleted", "refused"


def sync(uri: str | None = None) -> Iterator[str]:
    """Deliver every run to the store at `uri`, else the one that training runs log to; yield lines to print.

    Raises UserError where the store refuses or does not answer.
    """
    uri = resolve(uri, project_root()) if uri else store_uri()
    with tempfile.TemporaryDirectory() as scratch:
        found = history(Path(scratch))
        yield from (f"cannot be rebuilt: {line}" for line in found.unreadable)
        if not found.runs:
            raise UserError(
                "there is no run to deliver: neither a commit nor an experiment nor this folder has one. "
                f"Run `dvc repro`.{''.join(_not_in_cache(found))}"
            )
        yield from _keep(found)
        yield from _deliver_all(found.runs, uri)
    yield from _lacking(found)


def _deliver_all(runs: list[RecordedRun], uri: str) -> Iterator[str]:
    refusals: list[str] = []
    with server_errors_as_user_errors():
        with patience():  # a server that is down is reported soon, and not after MLflow's four minutes
            client = connect(runs[0].training.record.experiment, uri)
        bar = console.progress(runs, "sync", len(runs))
        counts = Counter(_deliver(client, run, uri, refusals) for run in bar)
        if counts[MADE] or counts[COMPLETED]:
            _show_in_tables(client, runs, uri)
    yield from refusals
    yield _summary(counts)
    if refusals:
        raise UserError(f"MLflow refused {len(refusals)} of {len(runs)} runs; the others are there.")


def _keep(found: History) -> Iterator[str]:
    """Write the records that only DVC's cache has to `runs/`, before `dvc gc` deletes them."""
    for run in found.runs:
        if run.training.record.run_id in found.only_in_cache:
            keep(run.training)
            for addition in run.additions:
                keep_addition(addition.record)
    if found.only_in_cache:
        count = _counted(len(found.only_in_cache), "run")
        yield f"{count} only in DVC's cache until now: copied to {FOLDER}/; commit that"


def _lacking(found: History) -> Iterator[str]:
    """Say what is not here, a line for each kind, whatever the number of runs."""
    trainings = sum(bool(run.training.missing()) for run in found.runs)
    additions = sum(bool(addition.missing()) for run in found.runs for addition in run.additions)
    pictures = [f"the pictures of {_counted(additions, 'evaluation')}"] * bool(additions)
    lacking = [_counted(trainings, "model")] * bool(trainings) + pictures
    if lacking:
        yield f"not here: {' and '.join(lacking)}; `dvc pull` brings what a remote has, then sync again"
    yield from _not_in_cache(found)


def _not_in_cache(found: History) -> Iterator[str]:
    if number := found.not_in_cache:
        count = _counted(number, "record")
        yield f"not here: {count} that earlier versions left to DVC; `dvc pull` brings what a remote has"


def _deliver(client: MlflowClient, run: RecordedRun, uri: str, refusals: list[str]) -> str:
    run_id = run.training.record.run_id
    try:
        with delivering():  # one by one, so that a training that begins need not wait for all of them
            is_new = find(client, run_id) is None
            delivery = deliver(client, run, uri)
    except MlflowException as error:
        if error.error_code != ErrorCode.Name(INVALID_PARAMETER_VALUE):
            raise
        refusals.append(f"refused: run {run_id}: {str(error).splitlines()[0]}")
        return REFUSED
    if delivery.run.info.lifecycle_stage != LifecycleStage.ACTIVE:
        return DELETED
    return MADE if is_new else COMPLETED if delivery.changes else THERE


def _show_in_tables(client: MlflowClient, runs: list[RecordedRun], uri: str) -> None:
    """Choose the columns of the runs table anew, in every experiment that has one of these runs."""
    for name in {experiment_name(run.training.record.experiment) for run in runs}:
        runs_table.save(client, experiment_id(client, name, uri))


def _summary(counts: Counter[str]) -> str:
    total = _counted(counts.total(), "run")
    if set(counts) == {THERE}:
        return f"{total}, all of them already there; nothing was changed"
    kinds = [f"{counts[kind]} {kind}" for kind in (MADE, COMPLETED, THERE, DELETED, REFUSED) if counts[kind]]
    return f"{total}: {', '.join(kinds)}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
