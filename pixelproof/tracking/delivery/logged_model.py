"""A trained model as MLflow's logged model."""

import tempfile
from collections.abc import Mapping
from pathlib import Path
from shutil import copyfile

from mlflow.entities import LoggedModelStatus, Run
from mlflow.models import Model
from mlflow.tracking import MlflowClient


def whole_model(client: MlflowClient, run: Run, name: str, files: Mapping[str, Path], params: Mapping[str, str]) -> str:
    """Return the id of the run's model, which is sent unless the store has all of it.

    What a delivery that was stopped had begun is removed. `files` are by their paths in the model's folder.
    """
    experiment, source = run.info.experiment_id, f"source_run_id='{run.info.run_id}'"
    whole = []
    for model in client.search_logged_models([experiment], filter_string=source):
        if model.status == LoggedModelStatus.READY:
            whole.append(str(model.model_id))
        else:
            client.delete_logged_model(model.model_id)
    return whole[0] if whole else _send(client, run, name, files, params)


def _send(client: MlflowClient, run: Run, name: str, files: Mapping[str, Path], params: Mapping[str, str]) -> str:
    run_id = run.info.run_id
    model = client.create_logged_model(run.info.experiment_id, name=name, source_run_id=run_id, params=dict(params))
    with tempfile.TemporaryDirectory() as folder:
        gather(files, Path(folder))
        description = Model.load(folder)
        description.model_id = description.model_uuid = model.model_id
        description.run_id, description.artifact_path = run_id, model.artifact_location
        description.save(f"{folder}/MLmodel")
        client.log_model_artifacts(model.model_id, folder)
    client.finalize_logged_model(model.model_id, "READY")
    return str(model.model_id)


def gather(files: Mapping[str, Path], folder: Path) -> None:
    """Copy files to their paths in a folder, without the write protection that DVC's cache has."""
    for name, path in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        copyfile(path, folder / name)
