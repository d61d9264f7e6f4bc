"""Small runs as a training and an evaluation log them, without any training."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from pixelproof.tracking.run.description import NOTE, opening
from pixelproof.tracking.run.naming import changes, run_name
from pixelproof.tracking.run.record import Record, RecordedRun, RunAddition, RunFolder, flatten, now, points

COMMIT = "3f2a1b9c0d3f2a1b9c0d3f2a1b9c0d3f2a1b9c0d"
VARIABLES = ("MLFLOW_TRACKING_URI", "MLFLOW_EXPERIMENT_NAME", "MLFLOW_EXPERIMENT_ID", "MLFLOW_RUN_ID", "DVC_ROOT")
PARAMS = {
    "seed": 7,
    "cnn": {"layers": {"conv1": {"kind": "conv", "filters": 16, "kernel": 3}}, "learning_rate": 0.004},
    "mlp": {"hidden": [100], "learning_rate": 0.001},
    "train": {"epochs": 3, "batch_size": 64},
}
WIDE = {
    **PARAMS,
    "cnn": {"layers": {"conv1": {"kind": "conv", "filters": 32, "kernel": 3}}, "learning_rate": 0.004},
    "mlp": {"hidden": [200], "learning_rate": 0.001},
}
COMPARISON = "|  | CNN | MLP |\n| --- | ---: | ---: |\n| test accuracy | 0.9813 | 0.9587 |\n\nThe CNN is ahead."


@contextmanager
def logging_to(root: Path) -> Iterator[Any]:
    """Yield the module `connection`, which logs to the project in `root`; MLflow is as before afterwards."""
    with pytest.MonkeyPatch.context() as patch:
        for variable in VARIABLES:
            patch.setenv(variable, "")  # recorded, so that what MLflow sets is taken back
            patch.delenv(variable)
        patch.setenv("DVC_ROOT", str(root))
        import mlflow

        from pixelproof.tracking.store import connection

        yield connection
        mlflow.set_tracking_uri(None)  # None takes it back


def log_pair(
    connection: Any, experiment: str, params: Mapping[str, Any], metrics: Mapping[str, Mapping[str, float]]
) -> None:
    """Log the runs of both models, with the metrics of each, and what an evaluation adds."""
    from pixelproof.tracking.delivery.delivery import deliver
    from pixelproof.tracking.run.description import comparison
    from pixelproof.tracking.store import runs_table

    client, began = connection.connect(), now()
    records = {}
    for place, model in enumerate(metrics):
        records[model] = record_of(connection, model, experiment, params, metrics[model], began + place)
    for model, record in records.items():
        others = [other for name, other in records.items() if name != model]
        compared = [comparison(COMPARISON, other.name, other.run_id) for other in others]
        added = [
            RunAddition(kind="evaluated", run_id=record.run_id, written=now(), comparison=text) for text in compared
        ]
        delivery = deliver(client, RecordedRun(RunFolder(record, {}), [RunFolder(each, {}) for each in added]))
    runs_table.save(client, delivery.run.info.experiment_id)


def record_of(
    connection: Any, model: str, experiment: str, params: Mapping[str, Any], metrics: Mapping[str, float], began: int
) -> Record:
    """Return the record of a training that has ended."""
    changed = changes(PARAMS, params, model)
    tags = {"model": model, "git.commit": COMMIT, NOTE: opening(model, changed, COMMIT[:7], experiment)}
    return Record(
        run_id=uuid4().hex,
        name=run_name(model, changed, COMMIT[:7], experiment),
        experiment="pixelproof",
        started=began,
        ended=began + 9000,
        status="FINISHED",
        params={key: str(value) for key, value in flatten({"seed": 7, **_used(params, model)}).items()},
        tags=tags | ({"dvc.experiment": experiment, "git.dirty": "true"} if experiment else {"git.dirty": "false"}),
        metrics=points(metrics, step=0, timestamp=began),
    )


def _used(params: Mapping[str, Any], model: str) -> Mapping[str, Any]:
    return {section: params[section] for section in (model, "train")}


def measured(test: float, seconds: float, parameters: int) -> dict[str, float]:
    return {
        "test/accuracy": test,
        "best/valid_accuracy": test + 0.001,
        "train/seconds": seconds,
        "model/parameters": parameters,
        "model/multiply_adds": 10 * parameters,
    }


def log_four(connection: Any) -> None:
    """Log two experiments, each of two models."""
    log_pair(connection, "", PARAMS, {"cnn": measured(0.975, 12.5, 29402), "mlp": measured(0.951, 4.5, 79510)})
    log_pair(connection, "wide", WIDE, {"cnn": measured(0.982, 20.5, 58034), "mlp": measured(0.962, 8.5, 159010)})
