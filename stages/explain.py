"""Draw what the CNN makes of a test photo, the ideas of a CNN on it, its mistakes, and the photos that are suspected.

The pictures are added to its MLflow run.

    python -m stages.explain

Reads   data/predicted/cnn/, data/resized/, models/cnn/ (record.json, filters.npz),
        reports/suspects.csv
Writes  reports/explain/ (PNG files), reports/runs/explain/, reports/records/explained.json
"""

import shutil
from collections.abc import Iterator

import numpy as np
import pandas as pd

from pixelproof import console
from pixelproof.data.images.store import ImageStore
from pixelproof.explain.pictures.confusion import write_confusions
from pixelproof.explain.pictures.drawing import write_sheets
from pixelproof.explain.pictures.sheets import Sheet, all_sheets, enlarge, learning_sheet
from pixelproof.explain.pictures.suspects import write_suspects
from pixelproof.explain.tracing.traced import read_trace
from pixelproof.files import read_json, replacing
from pixelproof.params.section import load_seed
from pixelproof.paths import (
    ANSWERS,
    EXPLAIN_PICTURES,
    FILTERS,
    MISTAKES,
    MODELS,
    PREDICTED,
    RECORDS,
    RESIZED,
    RUNS,
    SUSPECTS,
    TRACE,
)
from pixelproof.tracking.delivery.live import complete
from pixelproof.tracking.run.record import RunAddition, file_hashes, files_in, now, write_record, write_records


def learned() -> Iterator[Sheet]:
    """Yield a sheet of the first filters before and after the training, of a network that has any."""
    if FILTERS.is_file():
        with np.load(FILTERS) as filters:
            yield learning_sheet(filters["before"], filters["after"])


def log_to_run() -> None:
    """Add the pictures to the CNN's MLflow run."""
    pictures = [f"explain/{name}" for name in files_in(EXPLAIN_PICTURES)]
    run_id = read_json(MODELS / "cnn/run.json")["run_id"]
    with replacing(RUNS / "explain") as folder:
        shutil.copytree(EXPLAIN_PICTURES, folder / "explain")
        record = RunAddition(kind="explained", run_id=run_id, written=now(), artifacts=pictures)
        record.files = file_hashes(record, folder)
        write_record(record, folder)
    write_records([record], RECORDS / "explained.json")
    complete(MODELS / "cnn", RUNS / "explain")


def main() -> None:
    traced = read_trace(PREDICTED / "cnn" / TRACE)
    store = ImageStore.open(RESIZED)
    photo = enlarge(store.named(traced.ids[:1])[0])
    with replacing(EXPLAIN_PICTURES) as folder:
        folder.mkdir()
        write_sheets([*all_sheets(photo, traced.layers, seed=load_seed()), *learned()], folder)
        answers = pd.read_parquet(PREDICTED / "cnn" / ANSWERS)
        write_confusions(answers, store.classes, store, folder / "confusions.png")
        write_suspects(pd.read_csv(SUSPECTS, dtype=str, keep_default_na=False), store, folder / "suspects.png")
        shutil.copyfile(PREDICTED / "cnn" / MISTAKES, folder / MISTAKES)
    log_to_run()


if __name__ == "__main__":
    console.run(main)
