"""Walk through the idea of a CNN on the user's own photos and the CNN that was just trained: one HTML page.

    python -m stages.explain

Reads   models/cnn/, data/resized/, reports/plan/, reports/metrics.json, reports/predictions.parquet
Writes  reports/index.html (open it in a browser), reports/explain/ (its pictures as PNG files), reports/runs/explain/
"""

import logging
import shutil

import pandas as pd

from pixelproof import console
from pixelproof.data.store import ImageStore
from pixelproof.explain.contents import contents
from pixelproof.explain.page import render
from pixelproof.explain.photos import read_shown
from pixelproof.explain.sheets import write_sheets
from pixelproof.explain.trace import trace
from pixelproof.explain.walk import sheets_of
from pixelproof.files import read_json, replacing, write_text
from pixelproof.network.cnn import cnn
from pixelproof.network.cnn.mirroring import without_flip_averaging
from pixelproof.params import load_params
from pixelproof.paths import EXPLAIN_PAGE, EXPLAIN_PICTURES, METRICS, MODELS, PLAN, PREDICTIONS, RESIZED, RUNS
from pixelproof.tracking.delivery.live import complete
from pixelproof.tracking.run.record import RunAddition, files_in, now, write_record


def log_to_run() -> None:
    """Add the pictures to the CNN's MLflow run."""
    pictures = [f"explain/{name}" for name in files_in(EXPLAIN_PICTURES)]
    run_id = read_json(MODELS / "cnn/run.json")["run_id"]
    with replacing(RUNS / "explain") as folder:
        shutil.copytree(EXPLAIN_PICTURES, folder / "explain")
        write_record(RunAddition(kind="explained", run_id=run_id, written=now(), artifacts=pictures), folder)
    complete(MODELS / "cnn", RUNS / "explain")


def main() -> None:
    params = load_params()
    store = ImageStore.open(RESIZED)
    shown = read_shown(store, pd.read_parquet(PREDICTIONS), params.explain.photos)
    context = contents(
        shown,
        trace(without_flip_averaging(cnn.load(MODELS / "cnn")), shown.images),
        store.classes,
        {model: read_json(PLAN / f"{model}.json") for model in ("cnn", "mlp")},
        read_json(METRICS),
        pd.read_csv(MODELS / "cnn/history.csv"),
        seed=params.seed,
    )
    with replacing(EXPLAIN_PICTURES) as folder:
        folder.mkdir()
        write_sheets(sheets_of(context), folder)
    write_text(EXPLAIN_PAGE, render(context))
    log_to_run()
    logging.info("%s: open it in a browser; it takes the network apart on %d photos", EXPLAIN_PAGE, len(shown.ids))


if __name__ == "__main__":
    console.run(main)
