"""A run while it is made: whatever happens to the program or to the server, it is there in the end, once."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pixelproof.tracking.run.record import (
    RUN_ID,
    files_in,
    read_training,
    write_record,
)
from tests.support.imports import ROOT
from tests.support.live_runs import begun, client, recorded, stored
from tests.support.runs import an_addition, curve

pytestmark = pytest.mark.slow  # MLflow takes four seconds to load


def test_a_new_run_takes_the_id_that_the_store_gives_it(root: Path, live: Any) -> None:
    """Else DVC's files would name another id than the one that MLflow shows."""
    run_id = recorded(live, begun(), metrics=curve({1: 0.5}))
    run = client().get_run(run_id)
    assert (run.info.status, run.info.run_name) == ("FINISHED", "mlp")
    assert run.data.tags[RUN_ID] == run_id
    assert stored(root)[run_id]["curves"] == {"valid/loss": [(1, curve({1: 0.5})[0].timestamp, 0.5)]}


def test_a_run_is_told_while_it_is_made(root: Path, live: Any) -> None:
    """Else nobody could watch a training."""
    record = begun()
    with live.recording(record, {}, resumed=False) as run:
        for step in (1, 2):
            run.add(curve({step: 1 / step}))
            seen = client().get_run(record.run_id)
            assert (seen.info.status, seen.data.metrics) == ("RUNNING", {"valid/loss": 1 / step})


@pytest.mark.parametrize(
    ("error", "status"), [(KeyError(), "FAILED"), (KeyboardInterrupt(), "KILLED"), (SystemExit(1), "FAILED")]
)
def test_a_run_that_does_not_end_well_says_so(error: BaseException, status: str, root: Path, live: Any) -> None:
    """Else it would look like a finished one, or like one that still runs."""
    record = begun()
    with pytest.raises(type(error)), live.recording(record, {}, resumed=False):
        raise error
    assert client().get_run(record.run_id).info.status == status


def test_a_run_is_gone_on_with(root: Path, live: Any) -> None:
    """Else a training that was killed would have its first half in one run and its second in another."""
    points, record = curve({1: 0.5, 2: 0.25, 3: 0.2}), begun()
    # PT012 wants one statement; what is raised here comes after work, as in a training
    with pytest.raises(KeyboardInterrupt), live.recording(record, {}, resumed=False) as run:  # noqa: PT012
        run.add(points[:2])
        raise KeyboardInterrupt
    with live.recording(begun(record.run_id), {}, resumed=True) as run:
        assert client().get_run(record.run_id).info.status == "RUNNING"
        run.add(points[:2])
        run.add(points[2:])
    (found,) = stored(root).values()
    assert found["curves"]["valid/loss"] == [(point.step, point.timestamp, point.value) for point in points]
    assert found["ended"][:2] == ("FINISHED", record.started)


def test_a_run_that_cannot_be_gone_on_with_is_replaced(root: Path, live: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a training could not continue once its run was deleted, or its experiment is another."""
    deleted, moved = recorded(live, begun()), recorded(live, begun())
    client().delete_run(deleted)
    for run_id, name in ((deleted, "pixelproof"), (moved, "cats")):
        monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", name)
        opened = recorded(live, begun(run_id, experiment=name), resumed=True)
        assert opened not in (deleted, moved)
        assert client().get_experiment(client().get_run(opened).info.experiment_id).name == name


def test_a_run_of_another_store_keeps_its_name(root: Path, live: Any) -> None:
    """Else a training that goes on with another MLFLOW_TRACKING_URI would be two trainings."""
    assert recorded(live, begun("2" * 32), resumed=True) == "2" * 32
    assert stored(root).keys() == {"2" * 32}


def test_what_went_wrong_shows_where_mlflow_fails_too(
    root: Path, live: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Else a full disk, on which MLflow cannot write either, would be told as an error of MLflow."""
    from mlflow.exceptions import MlflowException
    from mlflow.tracking import MlflowClient

    def fail(*arguments: object, **options: object) -> None:
        raise MlflowException("disk is full")

    # PT012 wants one statement; what is raised here comes after work, as in a training
    with pytest.raises(KeyError, match="the first"), live.recording(begun(), {}, resumed=False):  # noqa: PT012
        monkeypatch.setattr(MlflowClient, "set_terminated", fail)
        raise KeyError("the first")
    assert "MLflow: disk is full" in caplog.text
    (kept,) = (root / "runs").iterdir()
    assert read_training(files_in(kept)).record.status == "FAILED"


def test_what_a_stage_adds_is_there_and_a_second_time_nothing_is_done(root: Path, live: Any) -> None:
    """Else an evaluation would not show in MLflow, or each stage that runs again would write the same once more."""
    from pixelproof.tracking.store import runs_table

    run_id = recorded(live, record := begun(), metrics=curve({1: 0.5}))
    model, addition = Path("models/mlp"), Path("reports/runs/mlp")
    write_record(record, model)
    write_record(an_addition(9, 0.75, run_id).record, addition)

    def saved() -> Any:
        experiment = client().get_experiment_by_name("pixelproof")
        return client().get_run(run_id).data.metrics["test/accuracy"], experiment.tags[runs_table.TAG]

    live.complete(model, addition)
    first = saved()
    assert first[0] == 0.75
    live.complete(model, addition)
    assert saved() == first
    write_record(an_addition(20, 0.5, run_id).record, addition)
    live.complete(model, addition)
    assert saved()[0] == 0.5


def test_how_long_a_server_is_asked_is_the_environments_word(live: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else whoever has a slow server could not say so, or a training's haste would reach what comes after it."""
    name = "MLFLOW_HTTP_REQUEST_TIMEOUT"
    monkeypatch.delenv(name, raising=False)
    with live.patience():
        assert os.environ[name] == live.PATIENCE[name]
    assert name not in os.environ
    monkeypatch.setenv(name, "300")
    with live.patience():
        assert os.environ[name] == "300"


LOGS = """
import sys
from pixelproof.tracking.delivery.live import recording
from pixelproof.tracking.run.record import Record, points
record = Record(run_id="none", name="cnn", experiment="pixelproof", started=1, params={}, tags={"process": sys.argv[1]})
with recording(record, {}, resumed=False) as run:
    for epoch in range(40):
        run.add(points({"valid/accuracy": epoch / 40, "valid/loss": 1.0}, step=epoch, timestamp=epoch))
"""


def test_four_processes_that_begin_at_once_lose_nothing(new_root: Path, live: Any) -> None:
    """Else experiments side by side would fail where MLflow makes its tables, or miss points of their curves."""
    started = [subprocess.Popen([sys.executable, "-c", LOGS, str(number)], cwd=ROOT) for number in range(4)]
    assert [process.wait() for process in started] == [0, 0, 0, 0]
    found = stored(new_root).values()
    assert sorted(run["tags"]["process"] for run in found) == ["0", "1", "2", "3"]
    for run in found:
        assert [step for step, *_ in run["curves"]["valid/accuracy"]] == [*range(40)]
