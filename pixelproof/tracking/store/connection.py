"""Where MLflow keeps runs, and how one is found there."""

import os
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import mlflow
from mlflow.entities import LifecycleStage, Run, ViewType
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, ErrorCode
from mlflow.tracking import MlflowClient

from pixelproof.errors import UserError
from pixelproof.files import locked
from pixelproof.heavy_imports import no_garbage_collection
from pixelproof.paths import project_root
from pixelproof.tracking.run.naming import experiment_name
from pixelproof.tracking.run.record import RUN_ID
from pixelproof.tracking.store.first_use import make_database
from pixelproof.tracking.store.moved import LOCAL, follow_folder, local_database
from pixelproof.tracking.store.percent_signs import allow_percent_signs
from pixelproof.tracking.store.refusals import server_errors_as_user_errors


def store_uri() -> str:
    """Return where runs are kept: the environment's tracking store, else a database in the project's folder."""
    return os.environ.get("MLFLOW_TRACKING_URI") or _own_store(project_root())


def _own_store(root: Path) -> str:
    """Return the address of the database in the project's folder. Raises UserError for one that no address can hold."""
    if "?" in str(root) or unquote(str(root)) != str(root):
        raise UserError(
            f"{root}: in an address of MLflow's, a ? and a % with two digits mean something else. Rename the folder, "
            "or name a database elsewhere, as MLFLOW_TRACKING_URI=sqlite:////home/me/mlflow.db"
        )
    return f"{LOCAL}{root / 'mlflow.db'}"


def is_local(uri: str) -> bool:
    """Tell whether a store is a database or a folder on this machine, and no server that may be down."""
    return uri.startswith(("sqlite:", "file:")) or "://" not in uri


@server_errors_as_user_errors()
def connect(experiment: str | None = None, uri: str | None = None) -> MlflowClient:
    """Choose the tracking store, the environment's unless `uri` names another; make the experiment if it is missing.

    The default is an absolute path: a relative one would be lost with the folder of a temporary experiment.
    """
    uri = uri or store_uri()
    mlflow.set_tracking_uri(uri)
    return _client(uri, experiment_name(experiment), project_root())


@cache
def _client(uri: str, experiment: str, root: Path) -> MlflowClient:
    """Return a client of the store, in which the experiment is; once for each in a process."""
    allow_percent_signs()
    make_database(uri)
    with locked(root), no_garbage_collection():  # MLflow lets two first processes create the same tables
        follow_folder(root)
        client = MlflowClient(uri)
        experiment_id(client, experiment, uri)
    return client


def experiment_id(client: MlflowClient, name: str, uri: str) -> str:
    """Return the id of the experiment, which is made where it is missing."""
    found = client.get_experiment_by_name(name)
    if found is not None:
        return str(found.experiment_id)
    database = local_database(uri)
    location = (database.parent / "mlartifacts").as_uri() if database else None
    return str(client.create_experiment(name, artifact_location=location))


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
