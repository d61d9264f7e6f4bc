"""Any two runs that were evaluated on the same test part, compared photo by photo."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from rich.table import Table

from pixelproof.errors import UserError
from pixelproof.evaluation.answers.tables import classes_in, labels_in, probabilities_in
from pixelproof.evaluation.comparison import compare, differences, verdict
from pixelproof.evaluation.metrics import Answers, model_metrics, resampled
from pixelproof.evaluation.table import METRIC_NAMES, with_interval

Names = tuple[str, str]


@dataclass(frozen=True)
class Pair:
    """The metrics of two runs, and how they differ."""

    names: Names
    metrics: tuple[dict[str, float | None], dict[str, float | None]]
    comparison: dict[str, Any]

    def as_rich(self) -> Table:
        rows = Table("", *self.names, "difference")
        for name, words in METRIC_NAMES.items():
            if f"{name}_difference" in self.comparison:
                cells = [with_interval(own, name) for own in self.metrics]
                rows.add_row(words, *cells, with_interval(self.comparison, f"{name}_difference", sign="+"))
        return rows

    def as_json(self) -> dict[str, Any]:
        return {**dict(zip(("first", "second"), self.metrics, strict=True)), "comparison": self.comparison}

    @property
    def verdict(self) -> str:
        return verdict(self.comparison, *self.names)


def compare_tables(first: pd.DataFrame, second: pd.DataFrame, names: Names, *, confidence: float, seed: int) -> Pair:
    """Compare two tables of predictions, as `evaluate` leaves one in each run.

    Raises UserError if they are not of the same photos with the same labels.
    """
    _check_same_part(first, second, names)
    second = second.set_index("id").loc[first["id"]].reset_index()
    own, other = _answers(first), _answers(second)
    samples, others = resampled(own, seed=seed), resampled(other, seed=seed)
    right = own.predicted == own.labels, other.predicted == other.labels
    compared: dict[str, Any] = compare(right[0], right[1], names=("first", "second"))
    compared |= differences(samples, others, len(first), confidence=confidence)
    compared["confidence"] = confidence
    metrics = (
        model_metrics(own, samples, confidence=confidence),
        model_metrics(other, others, confidence=confidence),
    )
    return Pair(names, metrics, compared)


def _answers(table: pd.DataFrame) -> Answers:
    classes = classes_in(table)
    groups: np.ndarray = pd.factorize(table["group"])[0]
    return Answers(probabilities_in(table, classes), labels_in(table, classes), groups, tuple(table["id"]))


def _check_same_part(first: pd.DataFrame, second: pd.DataFrame, names: Names) -> None:
    both = f"{names[0]} and {names[1]}"
    remedy = "Compare runs on one test part: the same photos, `split` and `split.seed` (docs/compare.md)."
    if classes_in(first) != classes_in(second):
        raise UserError(f"{both}: their classes differ: {classes_in(first)} and {classes_in(second)}. {remedy}")
    labels, others = (table.set_index("id")["label"] for table in (first, second))
    shared = labels.index.intersection(others.index)
    if not len(shared) == len(labels) == len(others):
        raise UserError(
            f"{both}: their test parts differ: {len(labels):,} and {len(others):,} photos, {len(shared):,} of them in "
            f"both. {remedy}"
        )
    relabelled = int((labels != others.loc[labels.index]).sum())
    if relabelled:
        raise UserError(f"{both}: {relabelled:,} photos of the test part have other labels. {remedy}")
