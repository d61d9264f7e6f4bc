"""A run as DVC keeps it: all that MLflow shows of it, in the files of one folder. MLflow is not loaded.

record.json     parameters, tags, data sets, every point of every metric, times, status
<artifacts>     the files that record.json names, such as changes.diff
mlflow/         the model as MLflow's flavour saves it, in the folder of a training
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from pixelproof.errors import UserError
from pixelproof.files import write_text

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


class MetricPoint(_Content):
    """A value of a metric; `timestamp` in milliseconds since 1970."""

    key: str
    step: int
    value: float
    timestamp: int


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
    metrics: list[MetricPoint] = []
    artifacts: list[str] = []  # files beside the record, by their names in the run
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
    metrics: list[MetricPoint] = []
    artifacts: list[str] = []
    model: str | None = None  # the name of the logged model, whose files are in MODEL; none before it is trained


R = TypeVar("R", Record, RunAddition)


@dataclass(frozen=True)
class RunFolder(Generic[R]):
    """A folder of a run: what its training left, or what a later stage added.

    `files` are by their paths in the folder; they may lie anywhere, as in DVC's cache.
    """

    record: R
    files: Mapping[str, Path]

    def artifacts(self) -> dict[str, Path]:
        return {name: self.files[name] for name in self.record.artifacts}

    def model_files(self) -> dict[str, Path]:
        """Return the files of the saved model, by their paths in its own folder."""
        inside = f"{MODEL}/"
        return {name.removeprefix(inside): path for name, path in self.files.items() if name.startswith(inside)}

    def missing(self) -> list[str]:
        """Name the files that should be there and are not."""
        wanted = [*self.record.artifacts, *(f"{MODEL}/{name}" for name in self.model_files())]
        if isinstance(self.record, Record) and self.record.model:
            wanted.append(f"{MODEL}/MLmodel")
        return [name for name in dict.fromkeys(wanted) if name not in self.files or not self.files[name].is_file()]


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


def write_record(record: Record | RunAddition, folder: Path) -> None:
    write_text(folder / RECORD, record.model_dump_json(indent=1) + "\n")


def read_training(files: Mapping[str, Path]) -> RunFolder[Record]:
    """Return the record of a training among the files of its folder. Raises UserError if it cannot be read."""
    return RunFolder(_parsed(Record, files[RECORD]), files)


def read_addition(files: Mapping[str, Path]) -> RunFolder[RunAddition]:
    """Return the record of a later stage among the files of its folder. Raises UserError if it cannot be read."""
    return RunFolder(_parsed(RunAddition, files[RECORD]), files)


def _parsed(kind: type[R], path: Path) -> R:
    try:
        return kind.model_validate_json(path.read_text("utf-8"))
    except (OSError, ValidationError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"{path}: not a valid record of a run: {reason}.") from None


def files_in(folder: Path) -> dict[str, Path]:
    """Return the files of a folder by their paths in it."""
    return {path.relative_to(folder).as_posix(): path for path in sorted(folder.rglob("*")) if path.is_file()}


def joined(trainings: Iterable[RunFolder[Record]], additions: Iterable[RunFolder[RunAddition]]) -> list[RecordedRun]:
    """Return a run for each training, with its additions, the oldest first; each thing once.

    Of several records of one training the last that ended counts, as after a signal at its very end.
    """
    ordered = sorted(trainings, key=lambda folder: folder.record.ended or 0)
    by_id = {folder.record.run_id: folder for folder in ordered}
    own: dict[str, dict[tuple[str, int], RunFolder[RunAddition]]] = {run_id: {} for run_id in by_id}
    for folder in sorted(additions, key=lambda folder: folder.record.written):
        if folder.record.run_id in own:
            own[folder.record.run_id][folder.record.kind, folder.record.written] = folder
    runs = sorted(by_id.values(), key=lambda folder: folder.record.started)
    return [RecordedRun(folder, list(own[folder.record.run_id].values())) for folder in runs]


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
