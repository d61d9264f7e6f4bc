"""All runs that Git and DVC know of: of every commit and experiment, and of this folder. MLflow is not loaded."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from pixelproof.errors import UserError
from pixelproof.tracking.history.revisions import cached_files, locks
from pixelproof.tracking.run.record import (
    RECORD,
    Kept,
    KeptRun,
    Record,
    RunAddition,
    files_in,
    joined,
    read_addition,
    read_training,
)

# What holds records, in the text of a dvc.lock as DVC writes it.
OUTPUT = re.compile(r"path: (models/\w+|reports/runs/\w+)\n\s+hash: md5\n\s+md5: ([0-9a-f]{32}\.dir)")
FOLDERS = ("models/*", "reports/runs/*")
PULL = "`dvc pull` or `dvc exp pull` brings it"


class Found:
    """What was found, and for each thing that cannot be had a line in `gaps`."""

    def __init__(self) -> None:
        self.trainings: list[Kept[Record]] = []
        self.additions: list[Kept[RunAddition]] = []
        self.gaps: list[str] = []

    def runs(self) -> list[KeptRun]:
        return joined(self.trainings, self.additions)

    def add(self, name: str, path: str, files: Mapping[str, Path]) -> None:
        """Add what the folder `path` of the revision `name` holds; `files` are its files, wherever they lie."""
        where = f"{name}: {path}"
        if not files:
            self.gaps.append(f"{where} is not in DVC's cache; {PULL}")
        elif RECORD not in files:
            self.gaps.append(f"{where} was made by an earlier version of this program, which kept no record of its run")
        elif not files[RECORD].is_file():
            self.gaps.append(f"{where}/{RECORD} is not in DVC's cache; {PULL}")
        else:
            self._read(where, path, files)

    def _read(self, where: str, path: str, files: Mapping[str, Path]) -> None:
        try:
            if path.startswith("models/"):
                training = read_training(files)
                missing = training.missing()
            else:
                addition = read_addition(files)
                missing = addition.missing()
        except UserError as error:
            self.gaps.append(f"{where}: {error}")
            return
        if missing:
            self.gaps.append(f"{where}/{missing[0]} is not in DVC's cache; {PULL}")
        elif path.startswith("models/"):
            self.trainings.append(training)
        else:
            self.additions.append(addition)


def find_all(undelivered: Path) -> Found:
    """Find the runs of all revisions, of the files in this folder, and those that failed and lie in `undelivered`."""
    found = Found()
    for name, path, md5 in _outputs():
        found.add(name, path, cached_files(md5))
    for folder in (folder for pattern in FOLDERS for folder in sorted(Path().glob(pattern))):
        if (folder / RECORD).is_file():
            found.add("this folder", folder.as_posix(), files_in(folder))
    for folder in sorted(undelivered.glob("*")):
        found.trainings.append(read_training(files_in(folder)))
    return found


def _outputs() -> Iterator[tuple[str, str, str]]:
    """Yield a name of the revision, path and hash of every output that may hold a record, each hash once."""
    seen: set[str] = set()
    for name, lock in locks():
        for path, md5 in OUTPUT.findall(lock):
            if md5 not in seen:
                seen.add(md5)
                yield name, path, md5
