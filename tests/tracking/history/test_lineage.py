"""What `pixelproof where` shows of a run shows no password."""

from typing import Any

import pytest

pytestmark = pytest.mark.slow  # MLflow takes four seconds to load

TAGS = {"git.commit": "c" * 40, "git.remote": "https://ada:1234@host/project.git", "model": "cnn"}


@pytest.fixture
def run(mlflow_alone: Any) -> Any:
    """A run that an earlier version recorded, with a token in its tags."""
    from mlflow.entities import Run, RunData, RunInfo, RunTag

    info = RunInfo("a" * 32, "1", "ada", "FINISHED", 1, 2, "active", run_name="cnn")
    return Run(info, RunData(tags=[RunTag(key, value) for key, value in TAGS.items()]))


def test_no_command_shows_a_password(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else whoever sends what they see to a colleague sends their password along."""
    from pixelproof.tracking.history.lineage import facts, rebuild_commands

    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://ada:1234@mlflow.example.org")
    shown = "\n".join([*rebuild_commands(run), *map(str, facts(run))])
    assert "1234" not in shown
    assert "git clone https://host/project.git" in shown
    assert ': "${MLFLOW_TRACKING_URI:?' in shown


def test_a_store_without_a_password_is_named_whole(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the commands could not be copied."""
    from pixelproof.tracking.history.lineage import rebuild_commands

    monkeypatch.setenv("MLFLOW_TRACKING_URI", "https://mlflow.example.org")
    assert rebuild_commands(run)[0] == "export MLFLOW_TRACKING_URI=https://mlflow.example.org"
