"""A trained model, kept in its work folder until DVC has it.

<work>/train-<model>-<fingerprint>/finished/    models/<model>/ is a copy of it

DVC deletes models/<model>/ before it runs a stage, and has the stage's output only once it is in its cache and in
dvc.lock. A kill or a full disk in between would lose the whole training run. A copy, not links, so that an edit of one
does not change the other.
"""

import hashlib
import json
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from pixelproof.files import read_json, remove, replacing, sync
from pixelproof.repository.cache import Cache

FOLDER, RUN = "finished", "run.json"
BEGAN = time.time()  # of this process, before it may wait for another one to end


@dataclass(frozen=True)
class FinishedModel:
    """The trained model in `folder`, which is written atomically, and `output`, where DVC expects it."""

    folder: Path
    output: Path

    @property
    def exists(self) -> bool:
        return self.folder.exists()

    def discard_if_taken(self, locked: str | None, *, by_hand: bool) -> None:
        """Remove it if it is stored elsewhere for good, so that the next run trains again.

        That is in DVC's cache, if `locked`, the hash of the output in dvc.lock, is this folder's hash; or, if a person
        runs the stage without DVC, in the output, if that existed before this process.
        """
        if self.exists and (self._is_in_dvc(locked) or (by_hand and self._was_in_place())):
            remove(self.folder)

    def _is_in_dvc(self, locked: str | None) -> bool:
        """Return whether dvc.lock and the cache have it; after a full disk the cache may lack what dvc.lock names."""
        return directory_md5(self.folder) == locked and Cache().path(locked).exists()

    def _was_in_place(self) -> bool:
        run = self.output / RUN
        return run.exists() and run.stat().st_ctime < BEGAN and read_json(run) == read_json(self.folder / RUN)

    def copy(self) -> None:
        """Replace the output by a copy."""
        with replacing(self.output) as beside:
            shutil.copytree(self.folder, beside)


def sync_folder(folder: Path) -> None:
    """Wait until everything in a folder is on disk."""
    for path in (*folder.rglob("*"), folder):
        sync(path)


def directory_md5(folder: Path) -> str:
    """Return DVC 3's hash of a folder: that of the list of its files with their hashes."""
    files = sorted((path.relative_to(folder).as_posix(), path) for path in folder.rglob("*") if path.is_file())
    listed = [{"md5": _md5(path), "relpath": name} for name, path in files]
    return f"{hashlib.md5(json.dumps(listed).encode()).hexdigest()}.dir"


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()
