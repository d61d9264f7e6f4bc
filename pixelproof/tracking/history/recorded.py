"""All runs that Git and DVC have a record of: of every commit and experiment, and of this folder.

MLflow is not loaded.
"""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path, PurePath
from typing import TypeVar

from pixelproof.errors import UserError
from pixelproof.repository import lock
from pixelproof.repository.cache import Cache
from pixelproof.tracking.history.revisions import locks
from pixelproof.tracking.run.record import (
    RECORD,
    Record,
    RecordedRun,
    RunAddition,
    RunFolder,
    files_in,
    joined,
    read_addition,
    read_training,
)

PULL = "`dvc pull` or `dvc exp pull` brings it"
FOLDERS = ("models/*", "reports/runs/*")  # of training runs, and of what later stages add
R = TypeVar("R", Record, RunAddition)


def recorded_runs(undelivered: Path) -> tuple[list[RecordedRun], list[str]]:
    """Return the runs of all revisions, of this folder, and those that failed and lie in `undelivered`.

    In the second list there is a line for each folder of a run that cannot be had.
    """
    trainings: list[RunFolder[Record]] = []
    additions: list[RunFolder[RunAddition]] = []
    gaps: list[str] = []
    for name, path, files in _folders():
        try:
            if PurePath(path).match(FOLDERS[0]):
                trainings.append(_read(read_training, f"{name}: {path}", files))
            else:
                additions.append(_read(read_addition, f"{name}: {path}", files))
        except UserError as gap:
            gaps.append(str(gap))
    trainings += [read_training(files_in(folder)) for folder in sorted(undelivered.glob("*"))]
    return joined(trainings, additions), gaps


def _folders() -> Iterator[tuple[str, str, Mapping[str, Path]]]:
    """Yield the folders that may hold a record: a name of the revision, the path, and the files, wherever they lie."""
    cache = Cache()
    for name, path, md5 in _cached_folders():
        yield name, path, cache.files(md5)
    for folder in (folder for pattern in FOLDERS for folder in sorted(Path().glob(pattern))):
        if (folder / RECORD).is_file():
            yield "this folder", folder.as_posix(), files_in(folder)


def _cached_folders() -> Iterator[tuple[str, str, str]]:
    """Yield a name of the revision, path and hash of the folders of runs that a dvc.lock names, each hash once."""
    seen: set[str] = set()
    for name, text in locks():
        for stage in lock.parse(text).values():
            for path, md5 in (*stage.deps.items(), *stage.outs.items()):
                if md5.endswith(".dir") and md5 not in seen and any(PurePath(path).match(each) for each in FOLDERS):
                    seen.add(md5)
                    yield name, path, md5


def _read(read: Callable[[Mapping[str, Path]], RunFolder[R]], where: str, files: Mapping[str, Path]) -> RunFolder[R]:
    """Read the folder of a run. Raises UserError, which says `where`, if it is not there as a whole."""
    if not files:
        raise UserError(f"{where} is not in DVC's cache; {PULL}")
    if RECORD not in files:
        raise UserError(f"{where} was made by an earlier version of this program, which kept no record of its run")
    if not files[RECORD].is_file():
        raise UserError(f"{where}/{RECORD} is not in DVC's cache; {PULL}")
    try:
        folder = read(files)
    except UserError as error:
        raise UserError(f"{where}: {error}") from None
    if missing := folder.missing():
        raise UserError(f"{where}/{missing[0]} is not in DVC's cache; {PULL}")
    return folder
