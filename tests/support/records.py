"""Records of runs to test with, and all that a store has of its runs, to compare one with another."""

import hashlib
import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

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
