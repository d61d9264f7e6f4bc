"""Write the page on the trained CNN: how good it is, the evidence, and how it works on the user's own photos.

And the model card, from the same reports.

    python -m stages.page

Reads   data/predicted/cnn/, data/resized/, models/cnn/, reports/plan/, reports/ingest.json, reports/split.json, and
        what evaluate has written: metrics.json, predictions.parquet, per_class.csv, suspects.csv, uncertainty.json
        and plots/ in reports/
Writes  reports/index.html (open it in a browser), reports/model-card.md
"""

import logging
from typing import Any

import pandas as pd

from pixelproof import console
from pixelproof.data.images.store import ImageStore
from pixelproof.evaluation.table import verdict
from pixelproof.explain.card.card import measured, model_card
from pixelproof.explain.page.contents import contents
from pixelproof.explain.page.evidence import evidence
from pixelproof.explain.page.page import render
from pixelproof.explain.page.reports import Reports, read_reports
from pixelproof.explain.page.seeking import seeking
from pixelproof.explain.tracing.excited import read_excited
from pixelproof.explain.tracing.learned import read_learned
from pixelproof.explain.tracing.photos import read_shown
from pixelproof.explain.tracing.traced import read_trace
from pixelproof.files import read_json, write_text
from pixelproof.params.section import load_seed
from pixelproof.paths import (
    ANSWERS,
    EXCITED,
    EXPLAIN_PAGE,
    INGEST_REPORT,
    LEARNED,
    MISTAKES,
    MODEL_CARD,
    MODELS,
    PLAN,
    PREDICTED,
    RESIZED,
    TRACE,
)


def page(reports: Reports, plans: dict[str, Any]) -> str:
    store, folder = ImageStore.open(RESIZED), PREDICTED / "cnn"
    traced = read_trace(folder / TRACE)
    logging.info("%s: it takes the network apart on %d photos", EXPLAIN_PAGE, len(traced.ids))
    context = contents(
        read_shown(store, pd.read_parquet(folder / ANSWERS), traced.ids),
        traced,
        store.classes,
        plans,
        reports,
        evidence(reports, store.named, folder / MISTAKES),
        preprocessing={**store.made_with, **store.accepts},
        seeking=seeking(read_excited(folder / EXCITED), plans["cnn"], store.gather, store.classes),
        learned=read_learned(folder / LEARNED),
        seed=load_seed(),
    )
    return render(context)


def card(reports: Reports, plan: dict[str, Any]) -> str:
    return model_card(
        read_json(MODELS / "cnn/record.json"),
        read_json(MODELS / "cnn/run.json"),
        plan,
        read_json(INGEST_REPORT),
        reports.split,
        measured(reports.metrics),
        verdict(dict(reports.metrics)),
        reports.per_class,
        reports.answers["cnn"],
        reports.confidence,
    )


def main() -> None:
    reports, plans = read_reports(), {model: read_json(PLAN / f"{model}.json") for model in ("cnn", "mlp")}
    write_text(EXPLAIN_PAGE, page(reports, plans))
    write_text(MODEL_CARD, card(reports, plans["cnn"]))
    logging.info("%s: open it in a browser. %s: the model card", EXPLAIN_PAGE, MODEL_CARD)


if __name__ == "__main__":
    console.run(main)
