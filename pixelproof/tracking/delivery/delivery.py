"""From DVC's record to MLflow: a run in a store is brought to the state of its record, and no further.

The one way by which anything gets into a run: while a model is trained, when a stage adds to it, and by
`pixelproof sync`. What the store has already is left alone, so that to deliver twice changes nothing.
"""

import tempfile
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import TypeVar

from mlflow.entities import (
    Dataset,
    DatasetInput,
    InputTag,
    LifecycleStage,
    LoggedModelOutput,
    Metric,
    Param,
    Run,
    RunTag,
)
from mlflow.tracking import MlflowClient
from mlflow.utils.mlflow_tags import MLFLOW_DATASET_CONTEXT

from pixelproof.tracking.delivery.logged_model import gather, whole_model
from pixelproof.tracking.delivery.pairs import PREFIX as COMPARISON
from pixelproof.tracking.delivery.pairs import as_stored, described, own_partner
from pixelproof.tracking.run.description import NOTE
from pixelproof.tracking.run.inputs import CONTEXTS
from pixelproof.tracking.run.metric_points import MetricPoint
from pixelproof.tracking.run.record import (
    FINISHED,
    PARTNER,
    RUN_ID,
    DataSet,
    Record,
    RecordedRun,
    RunAddition,
    RunFolder,
)
from pixelproof.tracking.store.connection import experiment_id, find, store_uri

# Metrics of the trained model, by how their names begin, and the context of the data set that they were measured on.
MEASURED_ON = {"test/": CONTEXTS["test"], COMPARISON: CONTEXTS["test"], "best/valid_": CONTEXTS["valid"]}
PARAMS_PER_CALL, METRICS_PER_CALL = 100, 1000  # MLflow's limits
T = TypeVar("T")


def obtain(client: MlflowClient, record: Record, uri: str | None = None) -> Run:
    """Return the record's run in the store, which is begun there if it is not there yet; a deleted one stays so."""
    return find(client, record.run_id) or begin(client, record, uri)


def has_all(run: Run, recorded: RecordedRun) -> bool:
    """Tell whether a finished run in the store has all that was added, by the marks, each of which came last."""
    marks = [int(run.data.tags.get(addition.record.mark, 0)) for addition in recorded.additions]
    written = [addition.record.written for addition in recorded.additions]
    return run.info.status == FINISHED and all(mark >= when for mark, when in zip(marks, written, strict=True))


def begin(client: MlflowClient, record: Record, uri: str | None = None) -> Run:
    """Begin a run for the record."""
    experiment = experiment_id(client, record.experiment, uri or store_uri())
    return client.create_run(experiment, record.started, run_name=record.name)


def deliver(client: MlflowClient, run: RecordedRun, uri: str | None = None) -> "Delivery":
    """Bring the store to the state of a run that is over, with all that was added to it."""
    delivery = Delivery(client, obtain(client, run.training.record, uri))
    if delivery.run.info.lifecycle_stage == LifecycleStage.ACTIVE:
        delivery.training(run.training)
        delivery.additions(run.additions)
    return delivery


class Delivery:
    """A run in a store, with what is known to be there; `changes` counts what was brought."""

    def __init__(self, client: MlflowClient, run: Run) -> None:
        self.run = run
        self.changes = 0
        self._client = client
        self._id: str = run.info.run_id
        self._params, self._tags = dict(run.data.params), dict(run.data.tags)
        self._points: dict[str, dict[int, list[tuple[int, float]]]] = {}  # by key and step: timestamps and values
        self._inputs = {
            (has.dataset.name, has.dataset.digest) for has in (run.inputs.dataset_inputs if run.inputs else [])
        }
        self._outputs = [output.model_id for output in run.outputs.model_outputs] if run.outputs else []
        self._open = run.info.status != FINISHED  # tags of one that is over may have been edited by a person
        self._sent: set[str] = set()
        self._data: dict[str, DataSet] = {}  # by context

    @property
    def model_id(self) -> str | None:
        return self._outputs[0] if self._outputs else None

    def training(self, folder: RunFolder[Record]) -> None:
        """Bring all that the training's record says; the status last, since it says that the rest is there."""
        record = folder.record
        if record.status != "RUNNING" and self.run.info.status == record.status:
            self._open = False
        self._bring_params(record.params)
        self._bring_tags({**record.tags, RUN_ID: record.run_id}, replace=self._open)
        self._bring_inputs(record.inputs)
        self._data = {data.context: data for data in record.inputs}
        if record.model and folder.has_model:  # before the metrics, of which some are the model's, too
            self._bring_model(record.model, folder.model_files())
        self.metrics(record.metrics)
        self._bring_artifacts(folder.artifacts())
        if record.status != "RUNNING" and self._open and self.run.info.status != record.status:
            self._client.set_terminated(self._id, record.status, record.ended)
            self._open = record.status != FINISHED
            self.changes += 1

    def additions(self, folders: Sequence[RunFolder[RunAddition]]) -> None:
        """Bring what later stages have added, the oldest first; of each kind and partner the last one whole."""
        had = self._tags.get(PARTNER, "")
        own = own_partner(had, [folder.record for folder in folders])
        newest = {folder.record.mark: folder for folder in folders}
        for folder in folders:
            self.metrics(as_stored(folder.record, own).metrics)
        for folder in newest.values():
            self._bring_rest(folder, own, again=had not in ("", own))
            if folder.record.partner == own:
                self._let_count([point for point in folder.record.metrics if point.key.startswith(COMPARISON)])

    def _bring_rest(self, folder: RunFolder[RunAddition], own: str, *, again: bool) -> None:
        """Bring an addition's files and tags, unless the store has those of a later one.

        It is done `again` where the store took another partner for the run's own. The mark comes last, and not before
        all the files are there.
        """
        record, is_whole = folder.record, not folder.missing()
        if not again and int(self._tags.get(record.mark, 0)) >= record.written:
            return
        if is_whole:
            self._send_artifacts(folder.artifacts())
        self._bring_tags(as_stored(record, own).tags, replace=True)
        if record.comparison:  # what a person has written into the description stays
            self._bring_tags({NOTE: described(self._tags.get(NOTE, ""), record, own)}, replace=True)
        if is_whole:
            self._bring_tags({record.mark: str(record.written)}, replace=True)

    def _let_count(self, points: Iterable[MetricPoint]) -> None:
        """Say these values again where those of another partner hide them, which came first or from an old version."""
        for point in points:
            when, value = max(self._history(point.key)[point.step])
            if value != point.value:
                self.metrics([point.model_copy(update={"timestamp": when + 1})])

    def metrics(self, points: Iterable[MetricPoint]) -> None:
        """Bring the points that are missing, the oldest first.

        A point that repeats the value that its step had at that time is none: a second evaluation of one model.
        """
        missing = []
        for point in sorted(points, key=lambda point: point.timestamp):
            had = self._history(point.key)[point.step]
            before = [each for each in had if each[0] <= point.timestamp]
            if not before or max(before)[1] != point.value:
                had.append((point.timestamp, point.value))
                missing.append(self._metric(point))
        for batch in _batches(missing, METRICS_PER_CALL):
            self._client.log_batch(self._id, metrics=batch)
        self.changes += len(missing)

    def _metric(self, point: MetricPoint) -> Metric:
        """Return a point; what was measured on a part of the images belongs to the model and that data set, too."""
        part = next((part for begins, part in MEASURED_ON.items() if point.key.startswith(begins)), None)
        if part is None or self.model_id is None:
            return Metric(point.key, point.value, point.timestamp, point.step)
        data = self._data.get(part)
        named = {"dataset_name": data.name, "dataset_digest": data.digest} if data else {}
        return Metric(point.key, point.value, point.timestamp, point.step, model_id=self.model_id, **named)

    def _history(self, key: str) -> dict[int, list[tuple[int, float]]]:
        if key not in self._points:
            by_step = self._points[key] = defaultdict(list)
            known = self._client.get_metric_history(self._id, key) if key in self.run.data.metrics else []
            for metric in known:
                by_step[metric.step].append((metric.timestamp, metric.value))
        return self._points[key]

    def _bring_params(self, params: Mapping[str, str]) -> None:
        missing = {key: value for key, value in params.items() if key not in self._params}
        for batch in _batches([Param(key, value) for key, value in missing.items()], PARAMS_PER_CALL):
            self._client.log_batch(self._id, params=batch)
        self._params |= missing
        self.changes += len(missing)

    def _bring_tags(self, tags: Mapping[str, str], *, replace: bool) -> None:
        differing = {key: value for key, value in tags.items() if self._tags.get(key) != value}
        wanted = {key: value for key, value in differing.items() if replace or key not in self._tags}
        for batch in _batches([RunTag(key, value) for key, value in wanted.items()], PARAMS_PER_CALL):
            self._client.log_batch(self._id, tags=batch)
        self._tags |= wanted
        self.changes += len(wanted)

    def _bring_inputs(self, inputs: Iterable[DataSet]) -> None:
        missing = [data for data in inputs if (data.name, data.digest) not in self._inputs]
        if missing:
            self._client.log_inputs(self._id, [_input(data) for data in missing])
        self._inputs |= {(data.name, data.digest) for data in missing}
        self.changes += len(missing)

    def _bring_artifacts(self, artifacts: Mapping[str, Path]) -> None:
        """Bring files that are missing, and to a run that is not finished also those that may have changed."""
        wanted = artifacts.keys() - self._sent
        if wanted and not self._open:
            wanted -= {file.path for file in self._client.list_artifacts(self._id)}
        self._send_artifacts({name: artifacts[name] for name in wanted})

    def _send_artifacts(self, artifacts: Mapping[str, Path]) -> None:
        with tempfile.TemporaryDirectory() as folder:
            gather(artifacts, Path(folder))
            if artifacts:
                self._client.log_artifacts(self._id, folder)
        self._sent |= artifacts.keys()
        self.changes += len(artifacts)

    def _bring_model(self, name: str, files: Mapping[str, Path]) -> None:
        """Bring the model, unless the store has it whole."""
        if self._outputs:
            return
        model_id = whole_model(self._client, self.run, name, files, self._params)
        self._client.log_outputs(self._id, [LoggedModelOutput(model_id, step=0)])
        self._outputs.append(model_id)
        self.changes += 1


def _input(data: DataSet) -> DatasetInput:
    dataset = Dataset(data.name, data.digest, data.source_type, data.source, data.schema_text, data.profile)
    return DatasetInput(dataset, [InputTag(MLFLOW_DATASET_CONTEXT, data.context)])


def _batches(items: list[T], size: int) -> Iterator[list[T]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
