"""A model card (Mitchell et al. 2019, arXiv:1810.03993), written from what the pipeline's stages have reported."""

import re
from collections.abc import Mapping, Sequence
from math import isnan
from pathlib import Path
from typing import Any, NamedTuple

import jinja2
import pandas as pd

from pixelproof.evaluation.table import comparison_rows, interval_rows, with_interval

TEMPLATES = Path(__file__).parent
CONFUSIONS = 5  # the most frequent ones
FEW_TEST_PHOTOS = 30  # of a class: its own recall is then known to within some 15 points
MARKUP = re.compile(r"[\\`*\[\]<>]|\b_|_\b")  # what Markdown may take for its own in the name of a class


class Confusion(NamedTuple):
    label: str
    taken_for: str
    photos: int


def model_card(
    record: Mapping[str, Any],
    run: Mapping[str, Any],
    plan: Mapping[str, Any],
    ingested: Mapping[str, Any],
    split: Mapping[str, Any],
    metric_rows: Sequence[Sequence[str]],
    verdict: str,
    per_class: pd.DataFrame,
    answers: pd.DataFrame,
    confidence: float,
) -> str:
    """Return the card of a CNN as Markdown.

    record, run  the contents of models/cnn/record.json and run.json; plan, ingested, split: of the reports on them
    metric_rows  (metric, CNN, MLP) as text, with intervals; verdict: the sentence that compares the two
    per_class    reports/per_class.csv; answers: the CNN's answers to the test part, columns label and predicted
    confidence   of the intervals, such as 0.95
    """
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,  # Markdown
    )
    environment.filters |= {"cell": cell, "prose": prose, "share": share}
    own = per_class[per_class["model"] == "cnn"].astype({"label": str})
    return environment.get_template("model-card.md").render(
        record=record,
        run=run,
        plan=plan,
        ingested=ingested,
        split=split,
        metric_rows=metric_rows,
        verdict=verdict,
        per_class=own.to_dict("records"),
        worst=own.sort_values("recall", kind="stable").iloc[0].to_dict(),
        scarce=own.loc[own["images"] < FEW_TEST_PHOTOS, "label"].tolist(),
        confusions=confusions(answers),
        confidence=confidence,
    )


def measured(metrics: Mapping[str, Any]) -> list[tuple[str, ...]]:
    """Return (metric, CNN, MLP) as text with intervals, from the content of reports/metrics.json."""
    both = metrics["cnn"], metrics["mlp"]
    with_intervals = interval_rows(dict(metrics))
    named = {row[0] for row in with_intervals} | {"test accuracy", "log loss"}
    others = [row for row in comparison_rows(dict(metrics)) if row[0] not in named and "interval" not in row[0]]
    return [("accuracy", *(with_interval(model, "accuracy") for model in both)), *with_intervals, *others]


def share(value: float) -> str:
    """Return a share with three decimals; a class without test photos has none."""
    return "-" if isnan(value) else f"{value:.3f}"


def prose(text: object) -> str:
    """Return text that Markdown shows as it is: the name of a class may be `*` or `<b>`."""
    return MARKUP.sub(lambda match: f"\\{match[0]}", str(text).replace("\n", " "))


def cell(text: object) -> str:
    """Return text as it may stand in a cell of a Markdown table."""
    return prose(text).replace("|", "\\|")


def confusions(answers: pd.DataFrame) -> list[Confusion]:
    """Return which class is most often taken for which other, the most frequent first."""
    wrong = answers[answers["label"] != answers["predicted"]]
    counts = wrong.groupby(["label", "predicted"]).size().sort_values(ascending=False, kind="stable")
    rows = counts.head(CONFUSIONS).reset_index().itertuples(index=False, name=None)
    return [Confusion(str(label), str(other), int(photos)) for label, other, photos in rows]
