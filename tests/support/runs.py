"""Runs without any training: their records, pairs logged to MLflow, and all that a store has of its runs."""

import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from pixelproof.tracking.run.description import NOTE, opening
from pixelproof.tracking.run.naming import changes, run_name
from pixelproof.tracking.run.record import (
    CHANGES,
    RUN_ID,
    DataSet,
    MetricPoint,
    Record,
    RecordedRun,
    RunAddition,
    RunFolder,
    files_in,
    flatten,
    now,
    points,
)

START = 1_700_000_000_000


def a_data_set(part: str = "valid", images: int = 3) -> DataSet:
    text = json.dumps({"num_rows": images})
    return DataSet(
        name=part, digest=f"{'a' * 32}.dir", source_type="local", source='{"uri": "data/resized"}', schema_text="{}",
        profile=text, context="validation",
    )  # fmt: skip


def a_record(run_id: str = "1" * 32, **changes: Any) -> Record:
    content: dict[str, Any] = {
        "run_id": run_id,
        "name": "mlp",
        "experiment": "pixelproof",
        "started": START,
        "ended": START + 9000,
        "status": "FINISHED",
        "params": {"seed": "7"},
        "tags": {"model": "mlp"},
        "inputs": [a_data_set()],
        "metrics": curve({1: 0.5, 2: 0.25}),
    }
    return Record.model_validate(content | changes)


def curve(values: Mapping[int, float], key: str = "valid/loss") -> list[MetricPoint]:
    return [MetricPoint(key=key, step=step, value=value, timestamp=START + step) for step, value in values.items()]


def an_addition(written: int, accuracy: float, run_id: str = "1" * 32, **changes: Any) -> RunFolder[RunAddition]:
    """An evaluation at `written`, milliseconds after the start of the training."""
    at = START + written
    record = RunAddition(
        kind="evaluated",
        run_id=run_id,
        written=at,
        tags={"partner_run_id": f"partner {written}"},
        metrics=points({"test/accuracy": accuracy}, step=0, timestamp=at),
    )
    return RunFolder(record.model_copy(update=changes), {})


def a_run(record: Record | None = None, folder: Path | None = None, *additions: RunFolder[RunAddition]) -> RecordedRun:
    return RecordedRun(RunFolder(record or a_record(), files_in(folder) if folder else {}), list(additions))


def with_changes(folder: Path) -> Path:
    """Put an artifact into the folder of a record."""
    (folder / CHANGES).write_text("a change", encoding="utf-8")
    return folder


def everything(uri: str) -> dict[str, dict[str, Any]]:
    """Return all that a store has of its runs, but for what is the store's own, by the run's own id."""
    from mlflow.tracking import MlflowClient

    client = MlflowClient(uri)
    names = {experiment.experiment_id: experiment.name for experiment in client.search_experiments()}
    found = {}
    for run in client.search_runs(list(names)):
        assert run.data.tags[RUN_ID] not in found, "a run is there twice"
        found[run.data.tags[RUN_ID]] = {
            "name": (names[run.info.experiment_id], run.info.run_name),
            "ended": (run.info.status, run.info.start_time, run.info.end_time),
            "params": run.data.params,
            "tags": run.data.tags,
            "curves": {key: _points(client, run.info.run_id, key) for key in run.data.metrics},
            "inputs": sorted((str(dict(each.dataset)), str(each.tags[0].value)) for each in run.inputs.dataset_inputs),
            "artifacts": _artifacts(client, run.info.run_id),
            "models": [_model(client, output.model_id) for output in run.outputs.model_outputs],
        }
    return found


def _points(client: Any, run_id: str, key: str) -> list[tuple[int, int, float]]:
    return sorted((point.step, point.timestamp, point.value) for point in client.get_metric_history(run_id, key))


def _artifacts(client: Any, run_id: str) -> dict[str, str]:
    if not client.list_artifacts(run_id):
        return {}
    with tempfile.TemporaryDirectory() as folder:
        return _hashes(Path(client.download_artifacts(run_id, "", folder)))


def _model(client: Any, model_id: str) -> tuple[str, str, Any, Any]:
    """Return name, status, params and files; MLmodel says also which run and store the model belongs to."""
    from mlflow.artifacts import download_artifacts

    model = client.get_logged_model(model_id)
    with tempfile.TemporaryDirectory() as folder:
        files = _hashes(
            Path(download_artifacts(model.artifact_location, dst_path=folder, tracking_uri=client.tracking_uri))
        )
    assert files.pop("MLmodel")
    return model.name, str(model.status), model.params, files


def _hashes(folder: Path) -> dict[str, str]:
    return {name: hashlib.sha256(path.read_bytes()).hexdigest() for name, path in files_in(folder).items()}


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
