"""The answers of a run's model, as the store has them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pixelproof.errors import UserError
from pixelproof.evaluation.answers.tables import answer_table
from pixelproof.tracking.run.record import RunFolder, files_in
from tests.support.answered import simulated, weaker
from tests.support.runs import a_record, a_run, an_addition

pytestmark = pytest.mark.slow  # MLflow takes four seconds to load

IDS = [f"{number}.png" for number in range(60)]


def evaluated(folder: Path, run_id: str, probabilities: np.ndarray, labels: np.ndarray) -> Any:
    """A run with the predictions that an evaluation has left."""
    folder.mkdir()
    table = answer_table("cnn", probabilities, IDS, labels, ["a", "b", "c"]).assign(group=IDS)
    table.to_parquet(folder / "predictions.parquet", index=False)
    addition = an_addition(1, 0.9, run_id, artifacts=["predictions.parquet"])
    return a_run(a_record(run_id), None, RunFolder(addition.record, files_in(folder)))


@pytest.fixture
def stored(root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two evaluated runs, 1... and 2..., and one without an evaluation, 3..."""
    from pixelproof.tracking.delivery.delivery import deliver
    from pixelproof.tracking.store.connection import connect
    from tests.support.imports import ROOT

    first = simulated(60, 1)
    runs = {"1": first, "2": weaker(first, 2)}
    for digit, own in runs.items():
        deliver(connect(), evaluated(tmp_path / digit, digit * 32, own.probabilities, own.labels))
    deliver(connect(), a_run(a_record("3" * 32)))
    monkeypatch.chdir(ROOT)  # for params.yaml


def id_of(digit: str) -> str:
    """The id that the store gave to a run."""
    from pixelproof.tracking.history.lineage import find_run, open_store

    return str(find_run(open_store(), digit * 8).info.run_id)


def test_two_runs_are_compared_as_a_person_asks_for_it(stored: None, capsys: pytest.CaptureFixture[str]) -> None:
    """The command as a person calls it."""
    from pixelproof.cli import runs

    runs.compare([id_of("1"), id_of("2")])
    said = capsys.readouterr().out
    assert f"On the same 60 test images only the run {id_of('1')[:8]} was right on " in said
    assert "balanced accuracy" in said


def test_a_run_without_predictions_is_named_with_the_remedy(stored: None) -> None:
    """Else a run of an earlier version would end in MLflow's traceback."""
    from pixelproof.cli import runs

    with pytest.raises(UserError, match=r"has no predictions.parquet.*dvc repro evaluate"):
        runs.compare([id_of("1"), id_of("3")])


def test_one_run_is_no_pair() -> None:
    """Else a forgotten id would compare seeds instead."""
    from pixelproof.cli import runs

    with pytest.raises(UserError, match="expected two runs, got 1"):
        runs.compare(["12345678"])
