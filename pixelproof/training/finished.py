"""A trained model, kept in its work folder until DVC has it.

<work>/train-<model>-<fingerprint>/finished/    what models/<model>/ is a copy of

DVC deletes models/<model>/ before it runs a stage, and has what the stage made only once its cache holds that and
dvc.lock names it. A kill or a full disk in between would cost the whole training. It is a copy, not links, so that an
edit of one stays in it.
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
BEGAN = time.time()  # this process, before it may have waited for another one to end


@dataclass(frozen=True)
class FinishedModel:
    """The trained model in `folder`, which is there whole or not at all, and `output`, where DVC takes it from."""

    folder: Path
    output: Path

    @property
    def exists(self) -> bool:
        return self.folder.exists()

    def discard_if_taken(self, locked: str | None, *, by_hand: bool) -> None:
        """Remove it where it has a place for good, so that whoever trains again gets a new training.

        That is DVC's cache, if `locked`, the hash of the output in dvc.lock, is the hash of this folder; or where a
        person runs the stage without DVC, the output, if it was there before this process.
        """
        if self.exists and (self._is_in_dvc(locked) or (by_hand and self._was_in_place())):
            remove(self.folder)

    def _is_in_dvc(self, locked: str | None) -> bool:
        """Tell whether dvc.lock and the cache have it; where the disk was full, the cache lacks what dvc.lock names."""
        return directory_md5(self.folder) == locked and Cache().path(locked).exists()

    def _was_in_place(self) -> bool:
        run = self.output / RUN
        return run.exists() and run.stat().st_ctime < BEGAN and read_json(run) == read_json(self.folder / RUN)

    def copy(self) -> None:
        """Replace the output by a copy."""
        with replacing(self.output) as beside:
            shutil.copytree(self.folder, beside)


def sync_folder(folder: Path) -> None:
    """Wait until all that is in a folder is on the disk."""
    for path in (*folder.rglob("*"), folder):
        sync(path)


def directory_md5(folder: Path) -> str:
    """Return the hash that DVC 3 gives to a folder: of the list of its files, each with its own hash."""
    files = sorted((path.relative_to(folder).as_posix(), path) for path in folder.rglob("*") if path.is_file())
    listed = [{"md5": _md5(path), "relpath": name} for name, path in files]
    return f"{hashlib.md5(json.dumps(listed).encode()).hexdigest()}.dir"


def _md5(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest()
