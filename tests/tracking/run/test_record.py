"""The record of a run, as files; MLflow plays no part."""

import json
import math
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixelproof.errors import UserError
from pixelproof.tracking.run.metric_points import MetricPoint
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


VALUES = st.floats(allow_nan=False)
MOMENTS = st.lists(st.tuples(st.integers(0, 99), st.integers(0, 2**53)), min_size=1, max_size=4)


@given(st.dictionaries(st.text(), st.tuples(MOMENTS, VALUES), max_size=6), st.lists(st.tuples(st.text(), VALUES)))
def test_any_curves_are_read_as_they_were_written(
    curves: dict[str, tuple[list[tuple[int, int]], float]], alike: list[tuple[str, float]]
) -> None:
    """Moments stand in a file once: else a curve could get those of another one, or lose points."""
    curves |= {key: (next(iter(curves.values()))[0], value) for key, value in alike if curves}
    points = [
        MetricPoint(key=key, step=step, value=value, timestamp=timestamp)
        for key, (moments, value) in curves.items()
        for step, timestamp in moments
    ]
    record = a_record(metrics=points)
    with tempfile.TemporaryDirectory() as folder:
        write_record(record, Path(folder))
        assert read_training(files_in(Path(folder))).record == record


def test_moments_stand_in_a_file_once(tmp_path: Path) -> None:
    """Else the record of a small network would be a good part of its size."""
    values = {step: 1 / step for step in range(1, 101)}
    write_record(a_record(metrics=[*curve(values), *curve(values, "train/loss")]), tmp_path)
    (line,) = [line for line in (tmp_path / RECORD).read_text().splitlines() if "train/loss" in line]
    assert line.startswith(' "train/loss": {"as": "valid/loss", "values": [1.0, 0.5, ')


CURVES = '{"valid/loss": [[1, 0.5, 3]], "train/loss": %s}'


@pytest.mark.parametrize(
    "curve", ['{"as": "none", "values": [1]}', '{"as": "valid/loss", "values": [1, 2]}', '{"as": 1}']
)
def test_a_curve_without_moments_is_told(tmp_path: Path, curve: str) -> None:
    """Else a line that a merge lost would shift the points of another curve, or end in a traceback."""
    content = json.loads(a_record(metrics=[]).model_dump_json()) | {"metrics": json.loads(CURVES % curve)}
    (tmp_path / RECORD).write_text(json.dumps(content))
    with pytest.raises(UserError, match=RECORD):
        read_training(files_in(tmp_path))


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
