"""A run whose store is away at the start, meanwhile, or at the end: it goes on, and misses nothing afterwards."""

import logging
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from pixelproof.errors import UserError
from pixelproof.tracking.run.record import (
    CHANGES,
    RECORD,
    write_record,
)
from tests.support.live_runs import begun, client, stored
from tests.support.runs import curve, with_changes
from tests.support.servers.postgres import free_port

pytestmark = pytest.mark.slow  # MLflow takes four seconds to load


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
