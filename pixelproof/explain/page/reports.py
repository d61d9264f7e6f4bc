"""What the pipeline's stages have found out about the two models, as the page shows it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from pixelproof.evaluation.answers.tables import classes_in, labels_in, probabilities_in
from pixelproof.evaluation.suspects.table import suspects_in
from pixelproof.evaluation.uncertainty import possible
from pixelproof.files import read_json
from pixelproof.paths import (
    DEPTH,
    METRICS,
    MODELS,
    PER_CLASS,
    PLOTS,
    PREDICTIONS,
    SHUFFLE,
    SPLIT_REPORT,
    SUSPECTS,
    UNCERTAINTY,
)

TEXT = ("label", "model")  # columns of per_class.csv; a class may be called 007, or NA


@dataclass(frozen=True)
class Reports:
    """The contents of the reports; tables of answers have the columns id, label, predicted and p_<class>."""

    metrics: Mapping[str, Any]
    uncertainty: Mapping[str, Any]  # the CNN's
    per_class: pd.DataFrame  # the CNN's
    suspects: pd.DataFrame
    robustness: pd.DataFrame
    split: Mapping[str, Any]
    history: pd.DataFrame  # the CNN's epochs
    answers: Mapping[str, pd.DataFrame]  # by model, to the test part
    shuffle: pd.DataFrame | None = None  # what `make shuffle` found, by model and order of the pixels
    depth: pd.DataFrame | None = None  # what `make depth` found, by blocks

    @property
    def own(self) -> Mapping[str, Any]:
        """The CNN's metrics."""
        content: Mapping[str, Any] = self.metrics["cnn"]
        return content

    @property
    def test_photos(self) -> int:
        return int(self.metrics["comparison"]["images"])

    @property
    def confidence(self) -> float:
        return float(self.metrics["comparison"]["confidence"])

    @cached_property
    def suspected(self) -> pd.DataFrame:
        """The photos that something is said against."""
        return suspects_in(self.suspects)

    @cached_property
    def mistakes(self) -> pd.DataFrame:
        """The CNN's wrong answers to the test part."""
        answers = self.answers["cnn"]
        return answers[answers["label"] != answers["predicted"]]

    @cached_property
    def unsure(self) -> np.ndarray:
        """For which test photos not exactly one class is possible, bool (n,)."""
        shares, _ = self.shares("cnn")
        unsure: np.ndarray = possible(shares, self.uncertainty["least_probability"]).sum(axis=1) != 1
        return unsure

    def shares(self, model: str) -> tuple[np.ndarray, np.ndarray]:
        """Return a model's probabilities for the test part, (n, classes), and the true class numbers, (n,)."""
        answers = self.answers[model]
        classes = classes_in(answers)
        return probabilities_in(answers, classes), labels_in(answers, classes)

    def training_photos(self, label: str) -> int:
        return int(self.split["classes"].get(label, {}).get("train", 0))


def read_reports() -> Reports:
    """Read what `split`, `train` and `evaluate` have written."""
    answers = dict(tuple(pd.read_parquet(PREDICTIONS).groupby("model")))
    return Reports(
        metrics=read_json(METRICS),
        uncertainty=read_json(UNCERTAINTY)["cnn"],
        per_class=read_per_class().query("model == 'cnn'").reset_index(drop=True),
        suspects=pd.read_csv(SUSPECTS, dtype=str, keep_default_na=False),
        robustness=pd.read_csv(PLOTS / "robustness.csv", keep_default_na=False),
        split=read_json(SPLIT_REPORT),
        history=pd.read_csv(MODELS / "cnn/history.csv"),
        answers={str(model): table.reset_index(drop=True) for model, table in answers.items()},
        shuffle=_found(SHUFFLE),
        depth=_found(DEPTH),
    )


def _found(experiment: Path) -> pd.DataFrame | None:
    """Return the summary of an experiment beside the pipeline, None where it was not run."""
    path = experiment / "summary.csv"
    return pd.read_csv(path) if path.exists() else None


def read_per_class() -> pd.DataFrame:
    """Return both models' classes; a share that cannot be measured is NaN."""
    text = pd.read_csv(PER_CLASS, dtype=str, keep_default_na=False)
    numbers = {str(column): pd.to_numeric(text[column]) for column in text if column not in TEXT}
    return measurable(text.assign(**numbers))


def measurable(table: pd.DataFrame) -> pd.DataFrame:
    """Return the table with NaN where a class has no test photos: of none of them none was found."""
    shares = [str(column) for column in table if str(column).startswith(("recall", "f1"))]
    return table.assign(**{column: table[column].where(table["images"] > 0) for column in shares})
