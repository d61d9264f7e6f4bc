"""A run as files: all that MLflow shows of it. MLflow is not loaded.

record.json     parameters, tags, data sets, every point of every metric, times, status; Git keeps it
<artifacts>     the files that record.json names, such as changes.diff
mlflow/         the model as MLflow's flavour saves it; DVC keeps it, and record.json knows its files by their hashes
"""

import hashlib
import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from pixelproof.errors import UserError
from pixelproof.files import write_text
from pixelproof.tracking.run.metric_points import MetricPoint, Metrics

RECORD = "record.json"
CHANGES = "changes.diff"  # an artifact of each run
MODEL = "mlflow"
PARTNER = "partner_run_id"  # the tag with the run that an evaluation compares with
RUN_ID = "pixelproof.run_id"  # the tag that is the same in every store, whatever id the store gives to the run

Status = Literal["RUNNING", "FINISHED", "FAILED", "KILLED"]
FINISHED: Status = "FINISHED"
FAILED: Status = "FAILED"
KILLED: Status = "KILLED"


class _Content(BaseModel):
    model_config = ConfigDict(extra="forbid", ser_json_inf_nan="constants")


Files = dict[str, str]  # MD5, by which DVC's cache has it, of each file of the run, by its name there


class DataSet(_Content):
    """A data set that a run was given, in the words of MLflow's `log_input`."""

    name: str
    digest: str
    source_type: str
    source: str  # JSON, as are `schema_text` and `profile`
    schema_text: str
    profile: str
    context: str


class RunAddition(_Content):
    """What a stage after the training adds to a run; `kind` is the stage's work, `written` when it was done."""

    kind: str
    run_id: str
    written: int
    tags: dict[str, str] = {}
    metrics: Metrics = []
    artifacts: list[str] = []  # by their names in the run
    files: Files = {}
    comparison: str = ""  # Markdown, for the run's description

    @property
    def partner(self) -> str:
        """The id of the run that this one is compared with; empty for what compares nothing."""
        return self.tags.get(PARTNER, "")

    @property
    def mark(self) -> str:
        """The tag by which a store knows the newest addition of this kind, and this partner, that it has whole."""
        return f"pixelproof.{self.kind}" + (f".{self.partner}" if self.partner else "")


class Record(_Content):
    """A training's run. `started` and `ended` in milliseconds since 1970."""

    run_id: str
    name: str
    experiment: str
    started: int
    ended: int | None = None
    status: Status = "RUNNING"
    params: dict[str, str]
    tags: dict[str, str]
    inputs: list[DataSet] = []
    metrics: Metrics = []
    artifacts: list[str] = []
    model: str | None = None  # the name of the logged model, whose files are in MODEL; none before it is trained
    files: Files = {}
    process: str = ""  # the one that is at it, while the status is RUNNING


R = TypeVar("R", Record, RunAddition)


@dataclass(frozen=True)
class RunFolder(Generic[R]):
    """A folder of a run: what its training left, or what a later stage added.

    `files` are by their paths in the folder; they may lie anywhere, as in DVC's cache, or be missing.
    """

    record: R
    files: Mapping[str, Path]

    def artifacts(self) -> dict[str, Path]:
        """Return those that are there."""
        return {name: self.files[name] for name in self.record.artifacts if self._has(name)}

    def model_files(self) -> dict[str, Path]:
        """Return the files of the saved model, by their paths in its own folder."""
        inside = f"{MODEL}/"
        return {name.removeprefix(inside): path for name, path in self.files.items() if name.startswith(inside)}

    def missing(self) -> list[str]:
        """Name the files that the record names and that are not there."""
        wanted = [*self.record.artifacts, *self.record.files, *(f"{MODEL}/{name}" for name in self.model_files())]
        if isinstance(self.record, Record) and self.record.model:
            wanted.append(f"{MODEL}/MLmodel")
        return [name for name in dict.fromkeys(wanted) if not self._has(name)]

    @property
    def has_model(self) -> bool:
        """Whether there is a trained model, with all of its files."""
        is_trained = isinstance(self.record, Record) and self.record.model is not None
        return is_trained and not any(name.startswith(f"{MODEL}/") for name in self.missing())

    def _has(self, name: str) -> bool:
        return name in self.files and self.files[name].is_file()


@dataclass(frozen=True)
class RecordedRun:
    """A run: what its training left, and all that later stages added, the oldest first."""

    training: RunFolder[Record]
    additions: list[RunFolder[RunAddition]]


def now() -> int:
    """Return the time as MLflow counts it: milliseconds since 1970."""
    return time.time_ns() // 1_000_000


def points(metrics: Mapping[str, float], *, step: int, timestamp: int) -> list[MetricPoint]:
    return [MetricPoint(key=key, step=step, value=value, timestamp=timestamp) for key, value in metrics.items()]


def write_record(record: Record | RunAddition, folder: Path, name: str = RECORD) -> None:
    """Write a record to a file of `folder`: a line for each param, tag and curve, so that Git shows what differs."""
    write_text(folder / name, _text(record) + "\n")


def write_records(records: Iterable[Record | RunAddition], path: Path) -> None:
    """Write a list of records; as a list, DVC shows no part of it among the metrics."""
    write_text(path, "[" + ",\n".join(map(_text, records)) + "]\n")


def _text(record: Record | RunAddition) -> str:
    content = record.model_dump(mode="json", exclude_defaults=True)
    return "{\n" + ",\n".join(f"{json.dumps(key)}: {_lines(part)}" for key, part in content.items()) + "\n}"


def _lines(part: Any) -> str:
    if not isinstance(part, dict):
        return json.dumps(part)
    return "{\n " + ",\n ".join(f"{json.dumps(key)}: {json.dumps(value)}" for key, value in part.items()) + "\n}"


def read_training(files: Mapping[str, Path]) -> RunFolder[Record]:
    """Return the record of a training among the files of its folder. Raises UserError if it cannot be read."""
    return RunFolder(parsed(Record, _content(files[RECORD]), str(files[RECORD])), files)


def read_addition(files: Mapping[str, Path]) -> RunFolder[RunAddition]:
    """Return the record of a later stage among the files of its folder. Raises UserError if it cannot be read."""
    return RunFolder(parsed(RunAddition, _content(files[RECORD]), str(files[RECORD])), files)


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UserError(f"{path}: the record of a run cannot be read: {error.strerror}.") from None


def parsed(kind: type[R], content: bytes, where: str) -> R:
    """Return the record that a file has. Raises UserError, which says `where`, if it is not one."""
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"{where}: not a valid record of a run: {reason}.") from None


def file_hashes(record: Record | RunAddition, folder: Path) -> Files:
    """Return the MD5 of each file in `folder` that belongs to the run: its artifacts, and its model in MODEL."""
    files = files_in(folder)
    return {name: md5_of(files[name]) for name in files if name in record.artifacts or name.startswith(f"{MODEL}/")}


def md5_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()


def files_in(folder: Path) -> dict[str, Path]:
    """Return the files of a folder by their paths in it."""
    return {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}


def joined(trainings: Iterable[RunFolder[Record]], additions: Iterable[RunFolder[RunAddition]]) -> list[RecordedRun]:
    """Return a run for each training, with its additions, the oldest first; each thing once.

    Of several records of one training the last that ended counts, as after a signal at its very end, and of equal
    ones that of which more files are there.
    """
    by_id = {folder.record.run_id: folder for folder in sorted(trainings, key=_completeness)}
    own: dict[str, dict[tuple[str, int], RunFolder[RunAddition]]] = {run_id: {} for run_id in by_id}
    for folder in sorted(additions, key=lambda folder: (folder.record.written, -len(folder.missing()))):
        if folder.record.run_id in own:
            own[folder.record.run_id][folder.record.kind, folder.record.written] = folder
    runs = sorted(by_id.values(), key=lambda folder: folder.record.started)
    return [RecordedRun(folder, list(own[folder.record.run_id].values())) for folder in runs]


def _completeness(folder: RunFolder[Record]) -> tuple[int, bool, int, int]:
    record = folder.record
    return record.ended or 0, record.status == FINISHED, len(record.metrics), -len(folder.missing())


def flatten(params: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested sections as dotted keys, as DVC names them: `cnn.layers.conv1.filters`."""
    flat: dict[str, Any] = {}
    for key, value in params.items():
        if isinstance(value, BaseModel):
            value = value.model_dump(exclude_none=True)
        if isinstance(value, Mapping):
            flat |= flatten(value, f"{prefix}{key}.")
        elif value is not None:
            flat[f"{prefix}{key}"] = value
    return flat
