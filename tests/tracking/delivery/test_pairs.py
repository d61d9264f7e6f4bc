"""A run that was compared with several partners shows each difference under the partner that it belongs to."""

from collections.abc import Callable
from typing import Any

import pytest

from pixelproof.tracking.run.description import NOTE, comparison
from pixelproof.tracking.run.record import PARTNER, RunAddition, RunFolder, points
from tests.support.runs import START, a_run, everything

pytestmark = pytest.mark.slow  # MLflow takes four seconds to load

RUN, BASE, WIDE = "1" * 32, "ba5e" * 8, "51de" * 8


def compared(partner: str, difference: float, at: int) -> RunFolder[RunAddition]:
    """An evaluation at `at`, milliseconds after the start of the training."""
    metrics = {
        "test/accuracy": 0.9,
        "comparison/accuracy_difference": difference,
        "comparison/mcnemar_p": difference**2,
    }
    return RunFolder(
        RunAddition(
            kind="evaluated",
            run_id=RUN,
            written=START + at,
            tags={PARTNER: partner},
            metrics=points(metrics, step=0, timestamp=START + at),
            comparison=comparison(f"table {difference}", f"mlp {partner[:4]}", partner),
        ),
        {},
    )


@pytest.fixture
def uri(root: Any) -> str:
    return f"sqlite:///{root / 'mlflow.db'}"


@pytest.fixture
def deliver(root: Any) -> Callable[..., Any]:
    """Deliver evaluations of one run; return the run as MLflow then has it."""
    from pixelproof.tracking.delivery import delivery
    from pixelproof.tracking.store.connection import connect, find

    def to_store(*additions: RunFolder[RunAddition]) -> Any:
        client = connect()
        delivery.deliver(client, a_run(None, None, *additions))
        return find(client, RUN)

    return to_store


def differences(run: Any) -> dict[str, float]:
    return {key: value for key, value in run.data.metrics.items() if "accuracy_difference" in key}


BOTH = {
    "comparison/accuracy_difference": -0.0693,
    f"comparison/{WIDE[:8]}/accuracy_difference": -0.0667,
}


def test_a_later_experiment_does_not_change_what_the_base_commit_says(deliver: Any) -> None:
    """Else the base commit's CNN would show the difference of the last experiment that shares it."""
    deliver(compared(BASE, -0.0693, 10))
    run = deliver(compared(WIDE, -0.0667, 20))
    assert differences(run) == BOTH
    assert (run.data.tags[PARTNER], run.data.tags[f"{PARTNER}.{WIDE[:8]}"]) == (BASE, WIDE)
    assert run.data.metrics[f"comparison/{WIDE[:8]}/mcnemar_p"] == 0.0667**2


def test_the_description_has_the_own_table_and_a_line_for_every_other_partner(deliver: Any) -> None:
    """Else a person could not tell which of many tables is the run's own."""
    deliver(compared(BASE, -0.0693, 10))
    deliver(compared(WIDE, -0.0600, 20))
    text = deliver(compared(WIDE, -0.0667, 30)).data.tags[NOTE]
    assert "table -0.0693" in text
    assert "table -0.06\n" not in text
    lines = [line for line in text.splitlines() if line.startswith("Also compared")]
    assert lines == [
        f"Also compared with the run `mlp 51de`, {WIDE}: accuracy of the CNN minus that of the MLP -0.0667, "
        "McNemar's p = 0.0044."
    ]


def test_the_same_pair_again_takes_the_place_of_what_it_said(deliver: Any) -> None:
    """A changed evaluation of one pair is news of that pair, and of no other."""
    deliver(compared(BASE, -0.05, 10))
    deliver(compared(WIDE, -0.0667, 20))
    assert differences(deliver(compared(BASE, -0.0693, 30))) == BOTH


def test_all_at_once_is_the_same_as_one_after_the_other(deliver: Any, uri: str) -> None:
    """Else `pixelproof sync` into an empty store would rebuild other runs than those that were there."""
    one, two = compared(BASE, -0.0693, 10), compared(WIDE, -0.0667, 20)
    deliver(one)
    deliver(two)
    stepwise = everything(uri)
    from mlflow.tracking import MlflowClient

    other = f"{uri}.other"
    from pixelproof.tracking.delivery import delivery
    from pixelproof.tracking.store.connection import connect

    delivery.deliver(connect(uri=other), a_run(None, None, one, two), other)
    assert everything(other) == stepwise
    assert isinstance(connect(), MlflowClient)


def test_a_first_comparison_that_comes_late_is_the_own_one(deliver: Any) -> None:
    """Else a server that was away during the first evaluation would show the second one's difference for ever."""
    one, two = compared(BASE, -0.0693, 10), compared(WIDE, -0.0667, 20)
    deliver(two)
    run = deliver(one, two)
    assert differences(run) == BOTH
    assert (run.data.tags[PARTNER], run.data.tags[f"{PARTNER}.{WIDE[:8]}"]) == (BASE, WIDE)
    assert run.data.tags[NOTE].count("table -0.0693") == run.data.tags[NOTE].count("Also compared") == 1
    assert differences(deliver(one, two)) == BOTH


def test_what_a_restored_evaluation_says_is_still_there(deliver: Any, uri: str) -> None:
    """DVC's run cache restores an evaluation without running it: then MLflow must have kept what it said."""
    one, two = compared(BASE, -0.0693, 10), compared(WIDE, -0.0667, 20)
    deliver(one)
    deliver(two)
    before = everything(uri)
    deliver(one)  # as `pixelproof sync` may, or whoever runs the restored evaluation by force
    assert everything(uri) == before
