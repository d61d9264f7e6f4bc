"""`pixelproof sync`, what it says; tests/test_queue.py rebuilds whole projects by it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from pixelproof.errors import UserError
from pixelproof.tracking.run.record import write_record
from tests.support.git import keep
from tests.support.runs import a_record, everything

pytestmark = pytest.mark.slow  # MLflow takes four seconds to load


@pytest.fixture
def sync(root: Path) -> Any:
    """The function under test; it runs in a folder that is no Git repository."""
    from pixelproof.tracking.history.sync import sync

    return lambda uri=None: list(sync(uri))


def in_folder(run_id: str, **changes: Any) -> None:
    """Let the folder hold a run, as after a training."""
    write_record(a_record(run_id, **changes), Path("models") / changes.get("name", "mlp"))


def test_what_was_done_is_told(root: Path, sync: Any) -> None:
    """Else nobody would know whether MLflow is complete now."""
    in_folder("a" * 32)
    assert sync() == ["1 run: 1 made"]
    assert sync() == ["1 run, all of them already there; nothing was changed"]
    in_folder("b" * 32, name="cnn")
    assert sync() == ["2 runs: 1 made, 1 already there"]
    assert everything(f"sqlite:///{root / 'mlflow.db'}").keys() == {"a" * 32, "b" * 32}


def test_a_run_that_only_dvcs_cache_has_is_put_where_git_keeps_it(root: Path, sync: Any) -> None:
    """Else `dvc gc` would delete the history from before `runs/` was there."""
    listed = [{"md5": keep(a_record("a" * 32).model_dump_json()), "relpath": "record.json"}]
    ran = Path(".dvc/cache/runs/ab/abc/def")
    ran.parent.mkdir(parents=True)
    ran.write_text(f"outs:\n- path: models/mlp\n  md5: {keep(json.dumps(listed), '.dir')}\n")
    assert sync() == ["1 run only in DVC's cache until now: copied to runs/; commit that", "1 run: 1 made"]
    shutil.rmtree(".dvc")
    assert sync(f"sqlite:///{root / 'other.db'}") == ["1 run: 1 made"]


def test_a_run_that_somebody_deleted_is_told_and_stays_so(root: Path, sync: Any) -> None:
    """Else the sum would not add up."""
    from pixelproof.tracking.store.connection import connect, find

    in_folder("a" * 32)
    sync()
    client = connect()
    run = find(client, "a" * 32)
    assert run is not None
    client.delete_run(run.info.run_id)
    assert sync() == ["1 run: 1 deleted in MLflow, and left deleted"]


def test_a_run_that_mlflow_refuses_does_not_keep_the_others_out(root: Path, sync: Any) -> None:
    """Else one strange run would make MLflow lose all that come after it."""
    from pixelproof.tracking.history.sync import sync as saying

    in_folder("a" * 32, params={"key with a ?": "1"}, started=1)
    in_folder("b" * 32, name="cnn")
    said = []
    with pytest.raises(UserError, match="refused 1 of 2 runs"):
        said.extend(saying())
    assert said[0].startswith(f"refused: run {'a' * 32}: ")
    assert said[1] == "2 runs: 1 made, 1 refused"


@pytest.mark.parametrize("address", ["nowhere", "htp://server:5000", "/tmp/folder"])
def test_what_is_no_address_is_told(address: str, sync: Any) -> None:
    """Else a typing error would make a folder of that name, and look like success."""
    with pytest.raises(UserError, match=r"not the address of an MLflow store|keeps no new runs in a folder"):
        sync(address)


def test_without_any_run_the_message_says_so(sync: Any) -> None:
    """Else an empty answer would look like success."""
    with pytest.raises(UserError, match="no run to deliver"):
        sync()
