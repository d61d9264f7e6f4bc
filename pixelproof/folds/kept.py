"""The answers of the folds that are done: they outlive the process, so that an interrupted call goes on after them."""

import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from pixelproof.errors import UserError
from pixelproof.files import read_json, replacing, write_json
from pixelproof.params.section import PARAMS, read_yaml
from pixelproof.paths import INGESTED, PREDICTIONS, SPLITS
from pixelproof.repository.lock import LOCK, hashes_of
from pixelproof.tracking.run.record import flatten

COUNTS, FOLD = "parts.json", "split.fold"


@dataclass(frozen=True)
class Kept:
    """The folds of one state of the project, in a folder that is named by it."""

    folder: Path
    count: int  # folds
    photos: str | None  # the hash of data/ingested

    @classmethod
    def of(cls, project: Path, work: Path, count: int) -> "Kept":
        """Return the folds of the project as it is: of its params without `split.fold`, its code and its photos."""
        params = {key: value for key, value in flatten(read_yaml(project / PARAMS)).items() if key != FOLD}
        photos = _photos(project)
        state = json.dumps([params, _code(project), photos], sort_keys=True, default=str)
        return cls(work / hashlib.sha256(state.encode()).hexdigest()[:8], count, photos)

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def done(self) -> list[int]:
        return [fold for fold in range(1, self.count + 1) if self._of(fold).is_dir()]

    @property
    def missing(self) -> list[int]:
        return [fold for fold in range(1, self.count + 1) if fold not in self.done]

    def experiment(self, fold: int) -> str:
        """Return the name of a fold's DVC experiment."""
        return f"fold-{fold}-of-{self.count}-{self.name}"

    def keep(self, fold: int, root: Path) -> None:
        """Keep what a fold has answered in the project at `root`.

        Raises UserError if it had other photos than the project had at the beginning.
        """
        if _photos(root) != self.photos:
            raise UserError(
                f"{INGESTED}: the photos have changed since `make repro`, so folds would be of different photos. "
                "Run `make repro`, then this command again."
            )
        with replacing(self._of(fold)) as beside:
            beside.mkdir(parents=True)
            shutil.copy2(root / PREDICTIONS, beside / PREDICTIONS.name)
            parts = pd.read_csv(root / SPLITS, dtype=str, keep_default_na=False)["part"]
            write_json(beside / COUNTS, {str(part): int(photos) for part, photos in parts.value_counts().items()})

    def answers(self, fold: int) -> pd.DataFrame:
        """Return what both models answered to the test part of a fold."""
        return pd.read_parquet(self._of(fold) / PREDICTIONS.name)

    def parts(self, fold: int) -> dict[str, int]:
        """Return the number of photos in each part of a fold."""
        counts: dict[str, int] = read_json(self._of(fold) / COUNTS)
        return counts

    def _of(self, fold: int) -> Path:
        return self.folder / str(fold)


def _photos(project: Path) -> str | None:
    hashes: dict[str, Any] = hashes_of([INGESTED.as_posix()], project / LOCK)
    return json.dumps(hashes, sort_keys=True, default=str) if hashes else None


def _code(project: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted([*(project / "pixelproof").rglob("*.py"), *(project / "stages").rglob("*.py")]):
        digest.update(path.relative_to(project).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()
