"""What a record becomes in a store: all of it, once."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pixelproof.tracking.run.metric_points import MetricPoint
from pixelproof.tracking.run.record import CHANGES, RUN_ID
from tests.support.runs import START, a_data_set, a_record, a_run, an_addition, curve, everything, with_changes

pytestmark = pytest.mark.slow  # MLflow takes four seconds to load

RUN = "1" * 32


@pytest.fixture
def uri(root: Path) -> str:
    return f"sqlite:///{root / 'mlflow.db'}"


@pytest.fixture
def client(root: Path) -> Any:
    from pixelproof.tracking.store.connection import connect

    return connect()


@pytest.fixture
def deliver(client: Any) -> Callable[..., Any]:
    """Deliver a run; the number of changes comes back."""
    from pixelproof.tracking.delivery import delivery

    return lambda run: delivery.deliver(client, run).changes


def stored(client: Any) -> Any:
    from pixelproof.tracking.store.connection import find

    return find(client, RUN)


def test_all_of_a_record_is_there_and_a_second_delivery_changes_nothing(deliver: Any, uri: str, tmp_path: Path) -> None:
    """Else MLflow would show something else than DVC keeps, or things twice."""
    run = a_run(a_record(artifacts=[CHANGES]), with_changes(tmp_path), an_addition(10_000, 0.9))
    assert deliver(run) > 0
    first = everything(uri)
    assert first[RUN]["name"] == ("pixelproof", "mlp")
    assert first[RUN]["ended"] == ("FINISHED", START, START + 9000)
    assert first[RUN]["params"] == {"seed": "7"}
    assert first[RUN]["tags"].items() >= {"model": "mlp", RUN_ID: RUN, "partner_run_id": "partner 10000"}.items()
    assert first[RUN]["curves"] == {
        "valid/loss": [(1, START + 1, 0.5), (2, START + 2, 0.25)],
        "test/accuracy": [(0, START + 10_000, 0.9)],
    }
    assert "'profile': '{\"num_rows\": 3}'" in first[RUN]["inputs"][0][0]
    assert first[RUN]["artifacts"].keys() == {CHANGES}
    assert deliver(run) == 0
    assert everything(uri) == first


def test_more_than_mlflow_takes_at_once_is_delivered(deliver: Any, uri: str) -> None:
    """Else a deep network or a long training could not be logged: MLflow takes 100 params and 1000 points a call."""
    params = {f"key{number}": str(number) for number in range(230)}
    metrics = curve({step: step / 7 for step in range(2300)})
    deliver(a_run(a_record(params=params, metrics=metrics)))
    found = everything(uri)[RUN]
    assert found["params"] == params
    assert found["curves"]["valid/loss"] == [(point.step, point.timestamp, point.value) for point in metrics]


def test_only_points_that_are_missing_are_brought(deliver: Any, uri: str) -> None:
    """Else a delivery that broke off would leave a curve with a gap, or with a step twice."""
    whole = a_record(metrics=curve({step: 1 / step for step in range(1, 9)}))
    half = whole.model_copy(update={"metrics": whole.metrics[1:6:2], "status": "RUNNING"})
    deliver(a_run(half))
    deliver(a_run(whole))
    assert everything(uri)[RUN]["curves"]["valid/loss"] == [(p.step, p.timestamp, p.value) for p in whole.metrics]


def test_an_evaluation_that_says_the_same_again_adds_no_point_and_one_that_differs_does(deliver: Any, uri: str) -> None:
    """Else a model whose partner is trained anew would get its accuracy again and again, or keep an old comparison."""
    said = [an_addition(at, accuracy) for at, accuracy in ((10, 0.9), (20, 0.9), (30, 0.8), (40, 0.9))]
    for addition in said:  # one by one, as they are evaluated
        deliver(a_run(None, None, addition))
    told = [(0, START + 10, 0.9), (0, START + 30, 0.8), (0, START + 40, 0.9)]
    assert everything(uri)[RUN]["curves"]["test/accuracy"] == told
    assert deliver(a_run(None, None, *said)) == 0


def test_a_store_that_knows_a_later_evaluation_keeps_it(deliver: Any, uri: str) -> None:
    """Else to sync would bring back what an older commit says of a model, in the place of what is true now."""
    deliver(a_run(None, None, an_addition(20, 0.8)))
    deliver(a_run(None, None, an_addition(10, 0.7)))
    found = everything(uri)[RUN]
    assert found["tags"]["partner_run_id"] == "partner 20"
    assert len(found["curves"]["test/accuracy"]) == 2


def test_what_a_person_changed_in_a_finished_run_stays(deliver: Any, client: Any) -> None:
    """Else to sync would undo what somebody has written in MLflow."""
    deliver(a_run())
    client.set_tag(stored(client).info.run_id, "model", "my favourite")
    assert deliver(a_run()) == 0
    assert stored(client).data.tags["model"] == "my favourite"


def test_a_run_that_a_person_deleted_stays_deleted(deliver: Any, client: Any, uri: str) -> None:
    """Else nobody could tidy up."""
    deliver(a_run())
    client.delete_run(stored(client).info.run_id)
    assert deliver(a_run()) == 0
    assert everything(uri) == {}


def test_a_metric_without_a_number_is_kept_as_such(deliver: Any, client: Any) -> None:
    """A run must not be refused over one value."""
    infinite = MetricPoint(key="valid/loss", step=1, value=float("inf"), timestamp=START)
    deliver(a_run(a_record(metrics=[infinite])))
    assert stored(client).data.metrics["valid/loss"] > 1e300


def test_a_model_that_is_half_there_is_made_anew(deliver: Any, client: Any, uri: str, tmp_path: Path) -> None:
    """Else a delivery that was killed would leave two models, or one that cannot be loaded."""
    deliver(a_run(a_record(status="RUNNING")))
    run = stored(client)
    client.create_logged_model(run.info.experiment_id, name="mlp", source_run_id=run.info.run_id)
    folder = tmp_path / "kept"
    (folder / "mlflow").mkdir(parents=True)
    (folder / "mlflow/MLmodel").write_text("flavors: {}\nutc_time_created: '2026-01-01 00:00:00'\n")
    (folder / "mlflow/weights").write_bytes(b"1")
    (folder / "mlflow/weights").chmod(0o444)  # as DVC's cache protects its files
    assert deliver(a_run(a_record(model="mlp"), folder)) > 0
    assert deliver(a_run(a_record(model="mlp"), folder)) == 0
    ((name, status, params, files),) = everything(uri)[RUN]["models"]
    assert (name, status, params) == ("mlp", "READY", {"seed": "7"})
    assert files.keys() == {"weights"}
    assert len(client.search_logged_models([run.info.experiment_id])) == 1


def test_a_run_is_found_in_another_store_by_the_id_that_it_had(deliver: Any, client: Any) -> None:
    """Else what DVC's files name could not be found in a store that was rebuilt."""
    from pixelproof.errors import UserError
    from pixelproof.tracking.history.lineage import find_run

    deliver(a_run())
    other = stored(client).info.run_id
    assert other != RUN
    assert {find_run(client, id).info.run_id for id in (RUN, RUN[:9], other, other[:9])} == {other}
    with pytest.raises(UserError, match="no such run"):
        find_run(client, "2" * 32)


def test_a_model_is_found_by_the_data_that_it_was_measured_on(deliver: Any, client: Any, tmp_path: Path) -> None:
    """Else models of many test parts could not be told apart, and MLflow's page would show no data beside a metric."""
    (tmp_path / "mlflow").mkdir()
    (tmp_path / "mlflow/MLmodel").write_text("flavors: {}\nutc_time_created: '2026-01-01 00:00:00'\n")
    test = a_data_set("test").model_copy(update={"context": "testing"})
    best = curve({0: 0.8}, "best/valid_accuracy")
    deliver(a_run(a_record(model="mlp", inputs=[a_data_set(), test], metrics=best), tmp_path, an_addition(10, 0.9)))
    experiment = [stored(client).info.experiment_id]

    def found(dataset: str, condition: str | None = None) -> int:
        return len(client.search_logged_models(experiment, condition, datasets=[{"dataset_name": dataset}]))

    assert found("test") == found("test", "metrics.`test/accuracy` > 0.8") == 1
    assert found("valid", "metrics.`best/valid_accuracy` > 0.7") == 1
    assert found("test", "metrics.`test/accuracy` > 0.95") == found("valid", "metrics.`test/accuracy` > 0.8") == 0
    assert found("another") == 0
    (model,) = client.search_logged_models(experiment)
    assert {(metric.key, metric.dataset_name, metric.dataset_digest) for metric in model.metrics} == {
        ("test/accuracy", "test", test.digest),
        ("best/valid_accuracy", "valid", test.digest),
    }
