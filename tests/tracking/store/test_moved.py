"""The project's folder moved or copied: its runs, artifacts and models are still to be had."""

import shutil
from pathlib import Path
from typing import Any

import pytest

from pixelproof.tracking.run.record import CHANGES
from pixelproof.tracking.store.moved import follow_folder
from tests.support.runs import a_record, a_run, with_changes

pytestmark = pytest.mark.slow  # MLflow takes four seconds to load

RUN = "1" * 32


@pytest.fixture
def moved(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with a run and its model, registered, whose folder then got another name."""
    import mlflow.sklearn
    from sklearn.preprocessing import MaxAbsScaler

    from pixelproof.tracking.delivery.delivery import deliver
    from pixelproof.tracking.store.connection import connect

    folder = tmp_path / "kept"
    mlflow.sklearn.save_model(
        MaxAbsScaler().fit([[4.0]]), str(folder / "mlflow"), pip_requirements=[], serialization_format="skops"
    )
    delivery = deliver(connect(), a_run(a_record(artifacts=[CHANGES], model="mlp"), with_changes(folder)))
    mlflow.register_model(f"models:/{delivery.model_id}", "scaler")
    root.rename(elsewhere := tmp_path / "an archive_100% full")
    as_new_program(monkeypatch, elsewhere)
    return elsewhere


def as_new_program(monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    """Go on as a program that starts in a folder: MLflow keeps the address of the store in the environment."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("DVC_ROOT", str(root))


def artifact(run: Any) -> str:
    from mlflow.artifacts import download_artifacts

    return Path(download_artifacts(f"{run.info.artifact_uri}/{CHANGES}")).read_text("utf-8")


def test_artifacts_and_models_are_found_after_a_move(moved: Path, mlflow_alone: Any) -> None:
    """MLflow keeps absolute addresses: a folder that was moved would show runs without pictures and models."""
    from pixelproof.tracking.store.connection import connect, find

    client = connect()
    run = find(client, RUN)
    assert run is not None
    assert artifact(run) == "a change"
    for address in (f"models:/{run.outputs.model_outputs[0].model_id}", "models:/scaler/1"):
        assert mlflow_alone.sklearn.load_model(address).transform([[2.0]]) == [[0.5]]
    assert follow_folder(moved) == 0, "once is enough"


def test_a_copy_uses_its_own_artifacts(moved: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else what is deleted in the one would be missing in the other."""
    from pixelproof.tracking.store.connection import connect, find

    follow_folder(moved)
    copied = tmp_path / "copy"
    shutil.copytree(moved, copied)
    assert follow_folder(copied) == 1
    shutil.rmtree(moved)
    as_new_program(monkeypatch, copied)
    client = connect()
    run = find(client, RUN)
    assert run is not None
    assert artifact(run) == "a change"


def test_runs_of_other_folders_stay_as_they_are(root: Path, tmp_path: Path) -> None:
    """A store may hold what somebody keeps elsewhere on purpose."""
    from pixelproof.tracking.store.connection import connect

    client = connect()
    elsewhere = (tmp_path / "a disk of its own").as_uri()
    own = client.create_experiment("own", artifact_location=elsewhere)
    run = client.create_run(own)
    assert follow_folder(root) == 0
    assert client.get_run(run.info.run_id).info.artifact_uri.startswith(elsewhere)


def test_without_a_store_there_is_nothing_to_do(tmp_path: Path) -> None:
    """Else looking would leave an empty database behind."""
    assert follow_folder(tmp_path) == 0
    assert not list(tmp_path.iterdir())
