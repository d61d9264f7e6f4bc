"""A run while it is made: whatever happens to the program or to the server, it is there in the end, once."""

import logging
import os
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from pixelproof.errors import UserError
from pixelproof.tracking.run.record import (
    CHANGES,
    RECORD,
    RUN_ID,
    MetricPoint,
    Record,
    files_in,
    read_training,
    write_record,
)
from tests.support.imports import ROOT
from tests.support.runs import a_record, an_addition, curve, everything, with_changes
from tests.support.servers.postgres import free_port

pytestmark = pytest.mark.slow  # MLflow takes four seconds to load


@pytest.fixture
def live(mlflow_alone: Any) -> Any:
    """The module under test."""
    from pixelproof.tracking.delivery import live

    return live


def begun(run_id: str = "1" * 32, **changes: Any) -> Record:
    return a_record(run_id, **{"status": "RUNNING", "ended": None, "metrics": [], "inputs": [], **changes})


def recorded(live: Any, record: Record, *, resumed: bool = False, metrics: Sequence[MetricPoint] = ()) -> str:
    """Make a run; return its id."""
    with live.recording(record, {}, resumed=resumed) as run:
        run.add(metrics)
    return record.run_id


def client() -> Any:
    from pixelproof.tracking.store.connection import connect

    return connect()


def stored(root: Path) -> dict[str, dict[str, Any]]:
    return everything(f"sqlite:///{root / 'mlflow.db'}")


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


@pytest.fixture
def nobody(root: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The address of a server that is down."""
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri := f"http://127.0.0.1:{free_port()}")
    monkeypatch.setenv("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "0")
    return uri


def test_without_a_server_a_training_goes_on_with_one_warning(
    nobody: str, live: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Else a night's training would be lost to a server that somebody restarts."""
    record = begun()
    with caplog.at_level(logging.WARNING), live.recording(record, {}, resumed=False) as run:
        for step in range(1, 6):
            run.add(curve({step: 1 / step}))
        run.flush(at_once=True)
    assert caplog.text.count("pixelproof sync") == 1
    assert nobody in caplog.text
    assert (record.run_id, len(record.metrics), run.model_id) == ("1" * 32, 5, None)


def test_a_run_that_failed_without_a_server_is_kept_until_sync(
    nobody: str, live: Any, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else it would be lost: DVC keeps no output of a stage that failed."""
    from pixelproof.tracking.history.sync import sync

    files = {CHANGES: with_changes(Path.cwd()) / CHANGES}
    # PT012 wants one statement; what is raised here comes after work, as in a training
    with pytest.raises(KeyError), live.recording(begun(artifacts=[CHANGES]), files, resumed=False) as run:  # noqa: PT012
        run.add(curve({1: 0.5}))
        raise KeyError
    assert (root / "runs" / ("1" * 32) / RECORD).is_file()
    monkeypatch.delenv("MLFLOW_TRACKING_URI")
    assert list(sync()) == ["1 run: 1 made"]
    found = stored(root)["1" * 32]
    assert (found["ended"][0], found["curves"]["valid/loss"][0][2]) == ("FAILED", 0.5)
    assert found["artifacts"].keys() == {CHANGES}


def test_a_server_that_comes_back_is_told_what_it_missed(
    nobody: str, live: Any, root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a training would have to end before anyone sees it again."""
    record = begun()
    monkeypatch.setattr(live, "PAUSE", 1e9)
    with live.recording(record, {}, resumed=False) as run:
        run.add(curve({1: 0.5}))
        monkeypatch.delenv("MLFLOW_TRACKING_URI")
        run.add(curve({2: 0.25}))
        run.flush(at_once=True)  # else perhaps too soon: a server that hangs must not be asked each time
        assert [step for step, *_ in stored(root)["1" * 32]["curves"]["valid/loss"]] == [1, 2]
    assert stored(root)["1" * 32]["ended"][0] == "FINISHED"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    from pixelproof.tracking.store import databases

    monkeypatch.setattr(databases, "WAIT", 0.1)


def test_a_database_that_is_held_at_the_start_gets_all_in_the_end(
    root: Path, live: Any, impatient: None, caplog: pytest.LogCaptureFixture
) -> None:
    """Else a training would not even begin while somebody copies the database."""
    other, record = hold(root), begun()
    with live.recording(record, {}, resumed=False) as run:
        run.add(curve({1: 0.5}))
        assert (run.is_behind, caplog.text.count("another program writes to this database")) == (True, 1)
        other.close()
        run.flush(at_once=True)
    assert stored(root)[record.run_id]["curves"]["valid/loss"][0][2] == 0.5


def test_a_database_that_is_held_meanwhile_gets_all_in_the_end(
    root: Path, live: Any, impatient: None, caplog: pytest.LogCaptureFixture
) -> None:
    """Else a night's training would be lost to a program that writes to the database for a minute."""
    record = begun()
    with live.recording(record, {}, resumed=False) as run:
        run.add(curve({1: 0.5}))
        other = hold(root)
        run.add(curve({2: 0.25}))
        run.add(curve({3: 0.125}))
        assert caplog.text.count("`pixelproof sync` delivers them") == 1
        other.close()
        run.flush(at_once=True)
    (found,) = stored(root).values()
    assert [value for *_, value in found["curves"]["valid/loss"]] == [0.5, 0.25, 0.125]


def hold(root: Path) -> sqlite3.Connection:
    """Be another program that writes to the database."""
    other = sqlite3.connect(root / "mlflow.db", isolation_level=None)
    other.execute("begin exclusive")
    return other


def test_what_a_database_misses_to_the_end_is_delivered_by_sync(
    root: Path, live: Any, impatient: None, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The training's files are all that there is of such a run."""
    from pixelproof.tracking.history.sync import sync

    other, record = hold(root), begun()
    monkeypatch.setenv("DVC_ROOT", str(root))
    with live.recording(record, {}, resumed=False) as run:
        run.add(curve({1: 0.5}))
    other.close()
    write_record(record, Path("models/mlp"))
    assert list(sync()) == ["1 run: 1 made"]
    assert stored(root)[record.run_id]["ended"][0] == "FINISHED"


def test_an_experiment_that_is_deleted_meanwhile_stops_nothing(
    root: Path, live: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """Else whoever tidies up in MLflow would end the training that runs there."""
    record = begun()
    with live.recording(record, {}, resumed=False) as run:
        run.add(curve({1: 0.5}))
        client().delete_experiment(client().get_run(record.run_id).info.experiment_id)
        run.add(curve({2: 0.25}))
        run.flush(at_once=True)
    assert run.is_behind
    assert caplog.text.count("`pixelproof sync` delivers them") == 1


def test_a_deleted_experiment_is_refused_before_the_first_step(root: Path, live: Any) -> None:
    """Else a training would go on for a night although no run of it can be made; a person may have meant it."""
    client().delete_experiment(client().get_experiment_by_name("pixelproof").experiment_id)
    clear_connections()
    with pytest.raises(UserError, match="was deleted in MLflow"), live.recording(begun(), {}, resumed=False):
        raise AssertionError("the training has begun")


def clear_connections() -> None:
    """Be another process."""
    from pixelproof.tracking.store import connection

    connection._client.cache_clear()


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
