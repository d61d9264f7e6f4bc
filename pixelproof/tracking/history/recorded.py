"""All runs that Git and DVC have a record of: of every commit and experiment, and of this folder.

Git keeps the records, DVC's cache the models and pictures, which a record names by their hashes. Versions before
2026-11-27 left the records, too, to DVC's cache. MLflow is not loaded.
"""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path, PurePath
from typing import TypeVar

from pixelproof.errors import UserError
from pixelproof.paths import MODELS, RECORDS, RUNS
from pixelproof.repository import git, lock
from pixelproof.repository.cache import Cache
from pixelproof.tracking.delivery.kept import FOLDER, as_ended, is_running, kept_runs
from pixelproof.tracking.history.revisions import MODELS as TRAINED_MODELS
from pixelproof.tracking.history.revisions import locks
from pixelproof.tracking.run.record import (
    MODEL,
    RECORD,
    Record,
    RecordedRun,
    RunAddition,
    RunFolder,
    files_in,
    joined,
    md5_of,
    parsed,
)

UNDELIVERED = Path(".work/undelivered")  # where versions before 2026-11-27 kept runs that had failed
CACHED = (f"{MODELS}/*", f"{RUNS}/*")  # folders in DVC's cache, of training runs and of what later stages add
R = TypeVar("R", Record, RunAddition)
Find = Callable[[str, str], Path | None]  # a file of a run, by its name there and its MD5


@dataclass
class History:
    """What is found: the runs that are over, a line for each record that cannot be read, and what only DVC has."""

    runs: list[RecordedRun] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    only_in_cache: set[str] = field(default_factory=set)  # ids of runs of earlier versions
    not_in_cache: int = 0  # folders of earlier versions that may have had a record; `dvc pull` may bring them


@dataclass(frozen=True)
class _Source:
    """A file that should be a record."""

    path: PurePath
    content: bytes
    where: str
    beside: Mapping[str, Path]  # files in the same folder, by their paths in it
    find: Find
    hashes: Mapping[str, str] = field(default_factory=dict)  # of `beside`, where the record itself has none

    def split(self) -> Iterator["_Source"]:
        """Yield each record of a list of them, as the stages write for Git."""
        try:
            listed = json.loads(self.content) if self.content.startswith(b"[") else None
        except ValueError:
            listed = None
        yield from [self] if listed is None else [replace(self, content=json.dumps(each).encode()) for each in listed]

    def read(self, kind: type[R]) -> RunFolder[R]:
        record = parsed(kind, self.content, self.where)
        own = (name for name in self.hashes if name in record.artifacts or name.startswith(f"{MODEL}/"))
        record.files = record.files or {name: self.hashes[name] for name in own}
        elsewhere = {name: md5 for name, md5 in record.files.items() if name not in self.beside}
        found = {name: self.find(name, md5) for name, md5 in elsewhere.items()}
        return RunFolder(record, {name: path for name, path in found.items() if path} | dict(self.beside))


def history(scratch: Path) -> History:
    """Find all runs; `scratch` is an empty folder, for what Git alone has of their files."""
    found = History()
    files = _Files(scratch)
    trainings, additions = _read(_of_git(files), found)
    cached = _read(_of_cache(found), found)
    here = _read(_of_this_folder(files), found)
    running = {folder.record.run_id for folder in here[0] if is_running(folder.record)}
    known = {folder.record.run_id for folder in (*trainings, *here[0])}
    found.only_in_cache = {folder.record.run_id for folder in cached[0]} - known
    ended = [RunFolder(as_ended(folder.record), folder.files) for folder in (*cached[0], *trainings, *here[0])]
    runs = joined(ended, (*cached[1], *additions, *here[1]))
    found.runs = [run for run in runs if run.training.record.run_id not in running]
    return found


def _read(sources: Iterable[_Source], found: History) -> tuple[list[RunFolder[Record]], list[RunFolder[RunAddition]]]:
    trainings: list[RunFolder[Record]] = []
    additions: list[RunFolder[RunAddition]] = []
    for source in (each for listed in sources for each in listed.split()):
        try:
            if _is_training(source.path):
                trainings.append(source.read(Record))
            else:
                additions.append(source.read(RunAddition))
        except UserError as error:
            found.unreadable.append(str(error))
    return trainings, additions


def _is_training(path: PurePath) -> bool:
    if path.parent == RECORDS:
        return path.stem in TRAINED_MODELS
    return path.name == RECORD and not path.is_relative_to(RUNS)


class _Files:
    """The files of runs: what Git has of them, DVC's cache, and this folder where a stage ran without DVC."""

    def __init__(self, scratch: Path) -> None:
        self._scratch, self._cache = scratch, Cache()
        self._md5_of = cache(md5_of)

    def add(self, content: bytes) -> None:
        path = self._scratch / "content"
        path.write_bytes(content)
        path.rename(self._scratch / md5_of(path))

    def find(self, name: str, md5: str) -> Path | None:
        for path in (self._scratch / md5, self._cache.path(md5)):
            if path.is_file():
                return path
        here = (folder / name for place in (MODELS, RUNS) for folder in place.glob("*"))
        return next((path for path in here if path.is_file() and self._md5_of(path) == md5), None)


def _of_git(files: _Files) -> Iterator[_Source]:
    """Yield the records of all commits, branches, tags and experiments, each content once."""
    paths = git.files_ever(FOLDER, RECORDS.as_posix())
    contents = dict(zip(paths, git.blobs(list(paths)), strict=True))
    for name, path in paths.items():
        if not path.endswith(".json"):
            files.add(contents[name])
    for name, path in paths.items():
        if path.endswith(".json"):
            yield _Source(PurePath(path), contents[name], f"{path} ({name[:7]} in Git)", {}, files.find)


def _of_this_folder(files: _Files) -> Iterator[_Source]:
    """Yield the records that lie here, committed or not."""
    found = (Path().glob(pattern) for pattern in (f"{RECORDS}/*.json", *(f"{each}/{RECORD}" for each in CACHED)))
    kept = (folder.glob("*/*.json") for folder in (kept_runs(), UNDELIVERED))
    for path in (path for paths in (*found, *kept) for path in sorted(paths)):
        yield _Source(path, path.read_bytes(), str(path), files_in(path.parent), files.find)


def _of_cache(found: History) -> Iterator[_Source]:
    """Yield the records that earlier versions left to DVC's cache: of all commits, and of all stages that ran here."""
    cached = Cache()
    committed = [stage for text in locks() for stage in lock.parse(text).values()]
    ran = [lock.parse_stage(text) for text in cached.stages_that_ran()]
    kept_by_git = {entry for stage in (*committed, *ran) if _is_kept_by_git(stage) for entry in _folders(stage)}
    named = {entry for stage in committed for entry in _folders(stage)}
    for path, md5 in sorted((named | {entry for stage in ran for entry in _folders(stage)}) - kept_by_git):
        hashes = cached.hashes(md5)
        record = cached.path(hashes[RECORD]) if RECORD in hashes else None
        if record and record.is_file():
            where, beside = f"{path} in DVC's cache", cached.files(md5)
            yield _Source(PurePath(path, RECORD), record.read_bytes(), where, beside, _nowhere, hashes)
        elif (path, md5) in named and (record or not hashes):
            found.not_in_cache += 1


def _nowhere(name: str, md5: str) -> None:
    return None


def _is_kept_by_git(stage: lock.LockedStage) -> bool:
    """Tell whether a stage leaves its records to Git, so that of what it names in DVC's cache none is needed."""
    return any(PurePath(path).is_relative_to(RECORDS) for path in stage.outs)


def _folders(stage: lock.LockedStage) -> Iterator[tuple[str, str]]:
    """Yield path and hash of the folders of runs that a stage read or made."""
    for path, md5 in (*stage.deps.items(), *stage.outs.items()):
        if md5.endswith(".dir") and any(PurePath(path).match(each) for each in CACHED):
            yield path, md5
