"""From a run in MLflow back to what made it. Nothing is written."""

import re
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path

from mlflow.entities import Run
from mlflow.tracking import MlflowClient

from pixelproof.errors import UserError
from pixelproof.repository.cache import cache_folder
from pixelproof.tracking.run.credentials import without_credentials
from pixelproof.tracking.run.machine import MACHINE
from pixelproof.tracking.run.provenance import DATA
from pixelproof.tracking.run.record import CHANGES, RUN_ID
from pixelproof.tracking.store.connection import find, open_to_read, store_uri
from pixelproof.tracking.store.moved import LOCAL
from pixelproof.tracking.store.refusals import server_errors_as_user_errors

FACTS = {
    "commit": "git.commit",
    "branch": "git.branch",
    "changed since": "git.changed",
    "not in Git": "git.untracked",
    "experiment": "dvc.experiment",
    "stage": "dvc.stage",
    "dvc.lock": "dvc.lock_sha256",
    "params.yaml": "params_sha256",
    **{path: f"{path}.md5" for path in DATA},
    "weights": "weights_sha256",
    "command": "command",
    "host": "host",
    "platform": "platform",
    **{name: tag for tag, name in MACHINE.items()},
}


def open_store() -> MlflowClient:
    """Connect to the store that training runs log to. Raises UserError if there is none yet."""
    uri = store_uri()
    if uri.startswith(LOCAL) and not Path(uri.removeprefix(LOCAL)).exists():
        raise UserError(f"{uri.removeprefix(LOCAL)}: there is no run yet. Run `make repro` first.")
    return open_to_read(uri)


@server_errors_as_user_errors()
def find_run(client: MlflowClient, run_id: str) -> Run:
    """Return a run by its id, here or where it was trained, or an unambiguous beginning of one.

    Raises UserError if there is none, or several.
    """
    if re.fullmatch("[0-9a-f]{32}", run_id) and (whole := find(client, run_id)):
        return whole
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    found = [run for run in client.search_runs(experiments) if any(id.startswith(run_id) for id in _ids(run))]
    if len(found) != 1:
        many = f"{len(found)} runs begin with this" if found else "there is no such run"
        store = without_credentials(store_uri())
        raise UserError(f"run {run_id!r}: {many} in {store}. `make ui` shows the runs and their ids.")
    return found[0]


def _ids(run: Run) -> tuple[str, str]:
    """Return a run's id in this store, and the one that DVC's record of it has."""
    return run.info.run_id, run.data.tags.get(RUN_ID, "")


def rebuild_commands(run: Run) -> list[str]:
    """Return the commands that rebuild a run in a new folder. Raises UserError for a run that names no commit."""
    tags: Mapping[str, str] = run.data.tags
    commit = tags.get("git.commit")
    if not commit:
        raise UserError(
            f"run {run.info.run_id}: it does not name the commit that it comes from: it was trained outside Git, or "
            "by an early version of this program, which did not record the origin of a run."
        )
    run_id, folder = run.info.run_id, f"run-{run.info.run_id[:8]}"
    origin = without_credentials(tags.get("git.remote", "")) or "."
    return [
        _store_command(store_uri()),
        f"git clone {shlex.quote(origin)} {folder}",
        f"cd {folder}",
        f"git checkout {commit}",
        f"mlflow artifacts download --run-id {run_id} --artifact-path {CHANGES} --dst-path .",
        f"git apply --allow-empty --whitespace=nowarn {CHANGES}",
        f"dvc cache dir --local {shlex.quote(str(cache_folder()))}",
        f"dvc checkout --force {' '.join(DATA)}",
        "unset MLFLOW_TRACKING_URI",
        f"dvc repro --single-item --force {tags.get('dvc.stage', 'train@' + tags['model'])}",
    ]


def _store_command(uri: str) -> str:
    """Return the command that sets the store; one that stops where its address has a password, which is not shown."""
    if without_credentials(uri) == uri:
        return f"export MLFLOW_TRACKING_URI={shlex.quote(uri)}"
    return ': "${MLFLOW_TRACKING_URI:?set it as it is now; it has a password, which is not shown here}"'


def facts(run: Run) -> Iterator[tuple[str, str]]:
    """Yield what a run's tags say about its origin, by name."""
    tags = run.data.tags
    yield "run", f"{run.info.run_id} ({run.info.run_name}, {run.info.status})"
    if tags.get(RUN_ID, run.info.run_id) != run.info.run_id:
        yield "recorded as", tags[RUN_ID]
    for name, tag in FACTS.items():
        if tag in tags:
            yield name, without_credentials(tags[tag])
    libraries = [f"{key.removeprefix('version.')} {value}" for key, value in tags.items() if key.startswith("version.")]
    yield "versions", ", ".join(sorted(libraries)) or "not recorded"
