"""Every run of this project, in the folder `runs/`, where Git keeps it whatever DVC or MLflow delete.

runs/<run_id>/record.json           the training, from its begin: written anew after each epoch, and at the end
runs/<run_id>/changes.diff          what was not committed then
runs/<run_id>/<kind>-<time>.json    what a later stage has added

No output of DVC: a training that fails has none, and that of a later one replaces it.
"""

import os
import platform
from collections.abc import Mapping
from pathlib import Path
from shutil import copyfile

import psutil

from pixelproof.errors import UserError
from pixelproof.files import replacing
from pixelproof.paths import project_root
from pixelproof.tracking.run.record import (
    KILLED,
    Record,
    RunAddition,
    RunFolder,
    files_in,
    read_training,
    write_record,
)

FOLDER = "runs"
ELSEWHERE = "PIXELPROOF_RUNS"  # names another folder, as in a sweep, whose trials train in clones of the project
LARGEST_FILE = 1_000_000  # bytes; a larger artifact is left to DVC, since whatever Git has stays there
CLOCK_SHIFT = 2  # seconds by which the same begin of a process may seem to differ; a later one may have its number


def kept_runs() -> Path:
    """Return the folder with a folder for each run."""
    return Path(os.environ.get(ELSEWHERE) or project_root() / FOLDER)


def keep(run: RunFolder[Record]) -> None:
    """Write the training's record as it is now, and its artifacts."""
    record, folder = run.record, kept_runs() / run.record.run_id
    if record.status == "RUNNING":
        record = record.model_copy(update={"process": this_process()})
    for name, path in run.artifacts().items():
        if path.stat().st_size <= LARGEST_FILE:
            with replacing(folder / name) as beside:
                copyfile(path, beside)
    write_record(record, folder)


def kept_tags(run_id: str) -> Mapping[str, str]:
    """Return the tags of a run's record as it was last written; nothing where there is none that can be read."""
    try:
        return read_training(files_in(kept_runs() / run_id)).record.tags
    except (KeyError, UserError):
        return {}


def keep_addition(addition: RunAddition) -> None:
    write_record(addition, kept_runs() / addition.run_id, f"{addition.kind}-{addition.written}.json")


def this_process() -> str:
    return f"{platform.node()} {os.getpid()} {psutil.Process().create_time():.0f}"


def is_running(record: Record) -> bool:
    """Tell whether the process that writes this record is alive, on this machine."""
    try:
        host, pid, began = record.process.split()
        process = psutil.Process(int(pid))
        is_same = abs(process.create_time() - float(began)) <= CLOCK_SHIFT
    except (psutil.Error, ValueError):
        return False
    return record.status == "RUNNING" and host == platform.node() and is_same


def as_ended(record: Record) -> Record:
    """Return the record of a run whose process is gone: one that could not say how it ended was killed."""
    if record.status != "RUNNING":
        return record
    last = max((point.timestamp for point in record.metrics), default=record.started)
    return record.model_copy(update={"status": KILLED, "ended": max(last, record.started), "process": ""})
