"""Where MLflow keeps runs, and how one is found there."""

import os
import shlex
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from unittest.mock import patch
from urllib.parse import unquote

import mlflow
from mlflow.entities import Experiment, LifecycleStage, Run, ViewType
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, ErrorCode
from mlflow.tracking import MlflowClient

from pixelproof.errors import UserError
from pixelproof.files import locked
from pixelproof.heavy_imports import no_garbage_collection
from pixelproof.paths import project_root
from pixelproof.tracking.run.credentials import without_credentials
from pixelproof.tracking.run.naming import experiment_name
from pixelproof.tracking.run.record import RUN_ID
from pixelproof.tracking.store.address import SERVERS, resolve
from pixelproof.tracking.store.databases import probe
from pixelproof.tracking.store.first_use import check_version, make_database
from pixelproof.tracking.store.moved import DATABASE, LOCAL, follow_folder, local_database
from pixelproof.tracking.store.percent_signs import allow_percent_signs
from pixelproof.tracking.store.refusals import server_errors_as_user_errors

ATTEMPTS = 3  # to reach a database server; MLflow's own ten take two minutes


def store_uri() -> str:
    """Return where runs are kept: the environment's tracking store, else a database in the project's folder.

    Raises UserError for an address at which no runs can be kept.
    """
    named = os.environ.get("MLFLOW_TRACKING_URI")
    return resolve(named, project_root()) if named else _own_store(project_root())


def _own_store(root: Path) -> str:
    """Return the address of the database in the project's folder. Raises UserError for one that no address can hold."""
    if "?" in str(root) or unquote(str(root)) != str(root):
        raise UserError(
            f"{root}: in an address of MLflow's, a ? and a % with two digits mean something else. Rename the folder, "
            "or name a database elsewhere, as MLFLOW_TRACKING_URI=sqlite:////home/me/mlflow.db"
        )
    return f"{LOCAL}{root / DATABASE}"


@server_errors_as_user_errors()
def connect(experiment: str | None = None, uri: str | None = None) -> MlflowClient:
    """Choose the tracking store, the environment's unless `uri` names another; make the experiment if it is missing.

    The default is an absolute path: a relative one would be lost with the folder of a temporary experiment.
    """
    uri = resolve(uri, project_root()) if uri else store_uri()
    mlflow.set_tracking_uri(uri)
    return _client(uri, experiment_name(experiment), project_root())


@cache
def _client(uri: str, experiment: str, root: Path) -> MlflowClient:
    """Return a client of the store, in which the experiment is; once for each in a process."""
    allow_percent_signs()
    probe(uri)
    make_database(uri)
    check_version(uri)
    with locked(root), no_garbage_collection():  # MLflow lets two first processes create the same tables
        client = _opened(uri, root)
        experiment_id(client, experiment, uri)
    return client


@server_errors_as_user_errors()
def open_to_read(uri: str) -> MlflowClient:
    """Open a store that is there; it may be one that nobody may write to."""
    mlflow.set_tracking_uri(uri)
    allow_percent_signs()
    probe(uri, write=False)
    make_database(uri)
    check_version(uri)
    return _opened(uri, project_root())


def _opened(uri: str, root: Path) -> MlflowClient:
    """Open a store, and bring its artifacts' addresses up to date if it is the project's own."""
    if uri.startswith(SERVERS):
        return MlflowClient(uri)
    from mlflow.store.db import utils

    if local_database(uri) == root / DATABASE:
        follow_folder(root)
    with patch.object(utils, "MAX_RETRY_COUNT", ATTEMPTS, create=True):
        return MlflowClient(uri)


def experiment_id(client: MlflowClient, name: str, uri: str) -> str:
    """Return the id of the experiment, which is made where it is missing. Raises UserError where it was deleted."""
    found = client.get_experiment_by_name(name)
    if found is not None and found.lifecycle_stage != LifecycleStage.ACTIVE:
        raise UserError(_restore(found, uri))
    if found is not None:
        return str(found.experiment_id)
    database = local_database(uri)
    location = (database.parent / "mlartifacts").as_uri() if database else None
    return str(client.create_experiment(name, artifact_location=location))


def _restore(experiment: Experiment, uri: str) -> str:
    shown = without_credentials(uri)
    restore = f"experiments restore --experiment-id {experiment.experiment_id}"
    return (
        f"{shown}: the experiment {experiment.name!r} was deleted in MLflow. Bring it back with all its runs "
        f"(`MLFLOW_TRACKING_URI={shlex.quote(shown)} .venv/bin/python -m mlflow {restore}`), "
        "or let `train.experiment` in params.yaml, or MLFLOW_EXPERIMENT_NAME, name another."
    )


def find(client: MlflowClient, run_id: str) -> Run | None:
    """Return the run by its id, or the one that was rebuilt from the record of that id; also one that was deleted."""
    try:
        return client.get_run(run_id)
    except MlflowException as error:
        if error.error_code != ErrorCode.Name(RESOURCE_DOES_NOT_EXIST):
            raise
    return next(iter(tagged(client, {RUN_ID: run_id})), None)


def tagged(client: MlflowClient, tags: Mapping[str, str], *conditions: str) -> list[Run]:
    """Return the runs with these tags, of any experiment, deleted ones last."""
    experiments = [experiment.experiment_id for experiment in client.search_experiments()]
    wanted = " and ".join([*(f"tags.`{key}` = '{value}'" for key, value in tags.items()), *conditions])
    found = client.search_runs(experiments, wanted, ViewType.ALL) if experiments else []
    return sorted(found, key=lambda run: bool(run.info.lifecycle_stage != LifecycleStage.ACTIVE))
