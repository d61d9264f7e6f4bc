"""Write the page that takes the trained CNN apart on the user's own photos.

    python -m stages.page

Reads   data/predicted/cnn/, data/resized/, reports/plan/, reports/metrics.json, models/cnn/history.csv
Writes  reports/index.html (open it in a browser)
"""

import logging

import pandas as pd

from pixelproof import console
from pixelproof.data.images.store import ImageStore
from pixelproof.explain.page.contents import contents
from pixelproof.explain.page.page import render
from pixelproof.explain.tracing.photos import read_shown
from pixelproof.explain.tracing.traced import read_trace
from pixelproof.files import read_json, write_text
from pixelproof.params.section import load_seed
from pixelproof.paths import ANSWERS, EXPLAIN_PAGE, METRICS, MODELS, PLAN, PREDICTED, RESIZED, TRACE


def main() -> None:
    store, folder = ImageStore.open(RESIZED), PREDICTED / "cnn"
    traced = read_trace(folder / TRACE)
    context = contents(
        read_shown(store, pd.read_parquet(folder / ANSWERS), traced.ids),
        traced,
        store.classes,
        {model: read_json(PLAN / f"{model}.json") for model in ("cnn", "mlp")},
        read_json(METRICS),
        pd.read_csv(MODELS / "cnn/history.csv"),
        preprocessing={**store.made_with, **store.accepts},
        seed=load_seed(),
    )
    write_text(EXPLAIN_PAGE, render(context))
    logging.info("%s: open it in a browser; it takes the network apart on %d photos", EXPLAIN_PAGE, len(traced.ids))


if __name__ == "__main__":
    console.run(main)
