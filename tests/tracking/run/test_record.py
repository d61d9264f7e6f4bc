"""The record of a run, as files; MLflow plays no part."""

import math
import subprocess
import sys
from pathlib import Path

import pytest

from pixelproof.errors import UserError
from pixelproof.tracking.run.record import (
    MODEL,
    RECORD,
    RunFolder,
    files_in,
    joined,
    read_training,
    write_record,
)
from tests.support.runs import a_record, an_addition, curve


def test_a_record_is_read_as_it_was_written(tmp_path: Path) -> None:
    """Else a rebuilt curve would differ from the one that was drawn, if only in the last digit."""
    values = {1: 0.1 + 0.2, 2: 1e-300, 3: math.inf}
    record = a_record(metrics=curve(values), tags={"word": "naïve □"}, ended=None, status="KILLED")
    write_record(record, tmp_path)
    found = read_training(files_in(tmp_path))
    assert found.record == record
    assert [point.value for point in found.record.metrics] == list(values.values())


def test_a_record_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    """Else the runs that DVC has from then could not be delivered any more."""
    record = a_record(metrics=curve({1: 0.5}))
    (tmp_path / RECORD).write_text(
        record.model_dump_json()
        .replace('"metrics":{"valid/loss":[[1,0.5,', '"metrics":[{"key":"valid/loss","step":1,"value":0.5,"timestamp":')
        .replace("]]}", "}]")
    )
    assert '"step":1' in (tmp_path / RECORD).read_text()
    assert read_training(files_in(tmp_path)).record == record


def test_a_curve_is_one_line_of_numbers(tmp_path: Path) -> None:
    """Else a run of a hundred epochs would be 50 kB in Git, and a difference of two of them a page of words."""
    record = a_record(metrics=[*curve({step: 1 / step for step in range(1, 101)}), *curve({1: 0.5}, "train/loss")])
    write_record(record, tmp_path)
    lines = (tmp_path / RECORD).read_text().splitlines()
    (line,) = [line for line in lines if "valid/loss" in line]
    assert line.startswith(' "valid/loss": [[1, 1.0, 1700000000001], [2, 0.5, ')
    assert len(line) < 50 * 100


@pytest.mark.parametrize("text", ["", "{", '{"run_id": "1"}', '{"unknown": 1}'])
def test_a_record_that_cannot_be_read_is_told(tmp_path: Path, text: str) -> None:
    """Else a merge gone wrong would end in a traceback."""
    (tmp_path / RECORD).write_text(text)
    with pytest.raises(UserError, match=RECORD):
        read_training(files_in(tmp_path))


def test_files_that_are_missing_are_named(tmp_path: Path) -> None:
    """Else half a run would be rebuilt, and pass for the whole."""
    record = a_record(artifacts=["changes.diff"], model="mlp")
    assert RunFolder(record, {}).missing() == ["changes.diff", f"{MODEL}/MLmodel"]
    for name in ("changes.diff", f"{MODEL}/MLmodel"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    files = files_in(tmp_path)
    assert RunFolder(record, files).missing() == []
    gone = {**files, f"{MODEL}/model.skops": tmp_path / "not in the cache"}
    assert RunFolder(record, gone).missing() == [f"{MODEL}/model.skops"]


def test_runs_get_their_own_supplements_the_oldest_first_and_each_once() -> None:
    """Else an evaluation that two experiments share would be delivered twice, or the older one would win."""
    first, second = a_record("a", started=2), a_record("b", started=1)
    late, early, other = an_addition(9, 0.9, "a"), an_addition(3, 0.3, "a"), an_addition(5, 0.5, "b")
    runs = joined(
        [RunFolder(first, {}), RunFolder(second, {}), RunFolder(first, {})],
        [late, early, late, other, an_addition(1, 0, "?")],
    )
    assert [run.training.record.run_id for run in runs] == ["b", "a"]
    assert [kept.record.written for kept in runs[1].additions] == [early.record.written, late.record.written]
    assert runs[0].additions == [other]


def test_of_two_records_of_one_training_the_later_one_counts() -> None:
    """A training that was stopped after its end and continued has two, and they end at different times."""
    late, early = a_record("a", ended=9), a_record("a", ended=5)
    (run,) = joined([RunFolder(late, {}), RunFolder(early, {})], [])
    assert run.training.record is late


def test_mlflow_is_not_loaded() -> None:
    """Else finding what Git and DVC keep would take four seconds before it begins."""
    loaded = "'mlflow' in sys.modules or 'dvc' in sys.modules"
    code = f"import sys, pixelproof.tracking.history.recorded; raise SystemExit({loaded})"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
