"""Mean and deviation of runs that differ in their seed alone."""

import json
import math
from typing import Any

import pytest

from pixelproof.errors import UserError
from tests.support.runs import START, a_record, a_run, points

pytestmark = pytest.mark.slow  # MLflow takes four seconds to load


@pytest.fixture
def seeds(mlflow_alone: Any) -> Any:
    """The module under test."""
    from pixelproof.tracking.history import seeds

    return seeds


def run(seeds: Any, seed: int, value: float, split_seed: int | None = None, **changes: Any) -> Any:
    """A run whose test part follows from `split_seed`, which is its own seed unless it is given."""
    drawn = seed if split_seed is None else split_seed
    content = {"model": "cnn", "params": {"rate": "0.1"}, "started": START + seed, "split": f"split {drawn}"}
    return seeds.SeedRun(seed=str(seed), split_seed=str(drawn), value=value, **{**content, **changes})


def test_seeds_on_one_test_part_have_mean_and_deviation(seeds: Any) -> None:
    """By hand: the mean of 0.90, 0.92 and 0.97 is 0.93, the sample's variance (9 + 1 + 16) / 2 squared hundredths."""
    (group,) = seeds.groups([run(seeds, seed, value, 7) for seed, value in ((9, 0.97), (7, 0.90), (8, 0.92))])
    assert (list(group.values), group.same_test_part) == ([7, 8, 9], True)
    assert group.mean == pytest.approx(0.93)
    assert group.deviation == pytest.approx(math.sqrt(13) / 100)
    assert seeds.as_json(group)["min"] == 0.90


def test_seeds_with_a_test_part_each_are_told_from_those_that_share_one(seeds: Any) -> None:
    """Else the deviation would mix the chance of training with that of which photos are in the test part."""
    own = [run(seeds, 7, 0.90), run(seeds, 8, 0.80), run(seeds, 9, 0.70)]
    shared, each = seeds.groups([*own, run(seeds, 8, 0.92, 7)])
    assert (shared.same_test_part, shared.values) == (True, {7: 0.90, 8: 0.92})
    assert (each.same_test_part, each.values) == (False, {7: 0.90, 8: 0.80, 9: 0.70})


def test_what_differs_in_more_than_the_seed_is_apart(seeds: Any) -> None:
    """Else a better learning rate would look like a lucky seed."""
    slow = {"params": {"rate": "0.2"}}
    runs = [run(seeds, seed, seed / 10, 7, **changes) for seed in (7, 8) for changes in ({}, slow, {"model": "mlp"})]
    found = seeds.groups([*runs, run(seeds, 9, 0.1, 7, params={"rate": "0.3"})])
    assert [(group.model, group.params["rate"], len(group.values)) for group in found] == [
        ("cnn", "0.1", 2),
        ("cnn", "0.2", 2),
        ("mlp", "0.1", 2),
    ]
    assert [seeds.distinguishing(found, group) for group in found] == ["rate=0.1", "rate=0.2", "the same in all"]


def test_a_seed_that_was_trained_twice_counts_once(seeds: Any) -> None:
    """Else n would be larger than the number of independent runs, and the deviation too small."""
    again = run(seeds, 7, 0.95, 7, started=START + 99)
    (group,) = seeds.groups([again, run(seeds, 7, 0.90, 7), run(seeds, 8, 0.91, 7)])
    assert group.values == {7: 0.95, 8: 0.91}


def test_one_seed_is_no_comparison_and_the_remedy_is_named(seeds: Any) -> None:
    """Else an empty table would look like a defect."""
    with pytest.raises(UserError, match=r"none of 1 runs differ in `seed` alone.*split.seed=7"):
        seeds.groups([run(seeds, 7, 0.9)])


@pytest.fixture
def stored(root: Any) -> None:
    """Three finished runs of two seeds on one test part, one that failed, and one that was not evaluated."""
    from pixelproof.tracking.delivery.delivery import deliver
    from pixelproof.tracking.store.connection import connect

    for number, (seed, value, status) in enumerate(
        [(7, 0.9, "FINISHED"), (8, 0.8, "FINISHED"), (9, 0.1, "FAILED"), (10, None, "FINISHED")]
    ):
        deliver(
            connect(),
            a_run(
                a_record(
                    str(number) * 32,
                    params={"seed": str(seed), "split.seed": "7", "rate": "0.1"},
                    tags={"model": "cnn", "data/splits.csv.md5": "aa"},
                    metrics=points({"test/accuracy": value} if value else {}, step=0, timestamp=START),
                    status=status,
                )
            ),
        )


def test_the_table_is_of_the_finished_runs_that_mlflow_has(
    stored: None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command as a person calls it."""
    from pixelproof.cli import runs

    monkeypatch.setenv("COLUMNS", "150")
    runs.compare(experiment="pixelproof")
    line = next(line for line in capsys.readouterr().out.splitlines() if "cnn" in line)
    assert [cell.strip() for cell in line.strip("│ ").split("│")] == [
        *("cnn", "the same in all", "one", "7, 8"),
        *("2", "0.8500", "0.0707", "0.8000", "0.9000"),
    ]
    runs.compare(experiment="pixelproof", as_json=True)
    assert json.loads(capsys.readouterr().out)[0]["values"] == {"7": 0.9, "8": 0.8}


def test_a_metric_that_no_run_has_is_named(stored: None) -> None:
    """The most common mistake is a misspelt name."""
    from pixelproof.cli import runs

    with pytest.raises(UserError, match="'pixelproof' has the metric test/acuracy"):
        runs.compare(metric="test/acuracy", experiment="pixelproof")
