"""`pixelproof sync`: MLflow is brought to the state of all that Git and DVC keep of runs."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from mlflow.entities import LifecycleStage
from mlflow.exceptions import MlflowException
from mlflow.tracking import MlflowClient

from pixelproof import console
from pixelproof.errors import UserError
from pixelproof.files import remove
from pixelproof.tracking import runs_table
from pixelproof.tracking.delivery import deliver
from pixelproof.tracking.kept import find_all
from pixelproof.tracking.live import UNDELIVERED, delivering
from pixelproof.tracking.record import KeptRun
from pixelproof.tracking.refusals import explained
from pixelproof.tracking.runs import connect, find, project_root, store_uri

MADE, COMPLETED, THERE, DELETED = "made", "completed", "there already", "deleted in MLflow, and left so"


def sync(uri: str | None = None) -> Iterator[str]:
    """Deliver every run to the store at `uri`, else the one that trainings log to; yield what there is to say.

    Raises UserError where the store refuses or does not answer.
    """
    uri = uri or store_uri()
    undelivered = project_root() / UNDELIVERED
    found = find_all(undelivered)
    runs = found.runs()
    yield from (f"cannot be rebuilt: {gap}" for gap in found.gaps)
    if not runs:
        raise UserError("there is no run to deliver: neither a commit, nor an experiment, nor this folder has one.")
    with explained(), delivering():
        client = connect(runs[0].training.record.experiment, uri)
        done = [_deliver(client, run, uri, undelivered) for run in console.progress(runs, "sync", len(runs))]
        for experiment_id in {experiment_id for kind, experiment_id in done if kind != THERE}:
            runs_table.save(client, experiment_id)
    counts = Counter(kind for kind, _ in done)
    if set(counts) == {THERE}:
        yield f"{len(runs)} runs, all of them there already; nothing was changed"
    else:
        kinds = [f"{counts[kind]} {kind}" for kind in (MADE, COMPLETED, THERE, DELETED) if counts[kind]]
        yield f"{len(runs)} runs: {', '.join(kinds)}"


def _deliver(client: MlflowClient, kept: KeptRun, uri: str, undelivered: Path) -> tuple[str, str]:
    """Deliver a run; return what became of it, and the id of its experiment."""
    run_id = kept.training.record.run_id
    is_new = find(client, run_id) is None
    try:
        delivery = deliver(client, kept, uri)
    except MlflowException as error:
        error.message = f"run {run_id}: {error.message}"
        raise
    remove(undelivered / run_id)
    info = delivery.run.info
    if info.lifecycle_stage != LifecycleStage.ACTIVE:
        return DELETED, info.experiment_id
    return MADE if is_new else COMPLETED if delivery.changes else THERE, info.experiment_id
