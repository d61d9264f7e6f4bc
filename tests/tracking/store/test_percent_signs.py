"""A project, with its environment, in a folder with a % in its name."""

import os
import subprocess
import sys
from pathlib import Path

import mlflow
import pytest

from pixelproof.errors import UserError
from pixelproof.tracking.store import connection
from tests.support.environment import environment
from tests.support.imports import ROOT

USE = """
from pathlib import Path
from pixelproof.tracking.store import connection, percent_signs, view
client = connection.connect()
run = client.create_run(client.search_experiments()[0].experiment_id)
Path("some.txt").write_text("some")
client.log_artifact(run.info.run_id, "some.txt")
print([file.path for file in client.list_artifacts(run.info.run_id)])
with view.serving(connection.store_uri()) as (server, _):
    print("served")
"""


@pytest.mark.slow
def test_runs_are_kept_and_shown_in_a_folder_with_a_percent_sign(tmp_path: Path) -> None:
    """Else every training there would end in a traceback of configparser, and `make ui` would not open."""
    folder = tmp_path / "a 100% %(here)s"
    folder.mkdir()
    (folder / "site").symlink_to(Path(mlflow.__file__).parents[1])  # where its environment would lie
    seen = {**environment(), "PYTHONPATH": f"{folder / 'site'}{os.pathsep}{ROOT}"}
    done = subprocess.run(
        [sys.executable, "-c", USE], cwd=folder, env=seen, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == ["['some.txt']", "served"]
    assert (folder / "mlflow.db").is_file()


@pytest.mark.parametrize("name", ["what?", "b%20c", "%3f"])
def test_a_folder_that_no_address_can_hold_is_named(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else MLflow would keep the runs in another folder, beside the project, or end in a traceback."""
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    monkeypatch.setenv("DVC_ROOT", str(tmp_path / name))
    with pytest.raises(UserError, match="Rename the folder, or name a database elsewhere") as refused:
        connection.store_uri()
    assert str(refused.value).startswith(f"{tmp_path / name}: ")
