"""What the folds say together: pooled figures, and the difference of the two models."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.table import Table

from pixelproof.evaluation.answers.tables import labels_in, probabilities_in
from pixelproof.evaluation.folds import Difference, corrected_t_test, pooled
from pixelproof.evaluation.metrics import Answers, metric_values, model_metrics, resampled
from pixelproof.files import write_json, write_text
from pixelproof.folds.kept import Kept

MODELS = ("cnn", "mlp")
SHOWN = ("accuracy", "balanced_accuracy", "macro_f1", "log_loss", "brier")
TABLE, CONTENT = "folds.csv", "folds.json"


def report(kept: Kept, classes: Sequence[str], *, confidence: float, seed: int) -> tuple[pd.DataFrame, dict[str, Any]]:
    """Return a row per fold and model with its metrics, and the content of folds.json."""
    by_fold = {fold: kept.answers(fold) for fold in kept.done}
    rows: list[dict[str, Any]] = []
    together: dict[str, Any] = {}
    for model in MODELS:
        tables = [table[table["model"] == model] for table in by_fold.values()]
        answers = [_answers(table, list(classes)) for table in tables]
        for fold, own in zip(by_fold, answers, strict=True):
            measured = {name: value for name, value in metric_values(own).items() if name in SHOWN}
            rows.append({"fold": fold, "model": model, **kept.parts(fold), **measured})
        all_photos = pooled(answers, [table["group"].to_numpy() for table in tables])
        together[model] = model_metrics(all_photos, resampled(all_photos, seed=seed), confidence=confidence)
    table = pd.DataFrame(rows).sort_values(["fold", "model"], ignore_index=True)
    comparison = {name: asdict(_difference(table, name, confidence)) for name in SHOWN}
    content = {"folds": kept.count, "photos": sum(map(len, by_fold.values())) // len(MODELS), "confidence": confidence}
    return table, {**content, **together, "comparison": comparison}


def _answers(table: pd.DataFrame, classes: list[str]) -> Answers:
    groups = np.unique(table["group"].to_numpy(str), return_inverse=True)[1]
    return Answers(probabilities_in(table, classes), labels_in(table, classes), groups, tuple(table["id"]))


def _difference(table: pd.DataFrame, name: str, confidence: float) -> Difference:
    """Return by how much the CNN's metric exceeds the MLP's."""
    wide = table.pivot(index="fold", columns="model", values=name)
    parts = table.groupby("fold")[["train", "test"]].first().mean()
    return corrected_t_test(
        (wide["cnn"] - wide["mlp"]).to_numpy(),
        train=round(parts["train"]),
        test=round(parts["test"]),
        confidence=confidence,
    )


def write_report(table: pd.DataFrame, content: Mapping[str, Any], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / TABLE, table.to_csv(index=False))
    write_json(folder / CONTENT, content)


def as_rich(table: pd.DataFrame, content: Mapping[str, Any]) -> Table:
    """Return a row per model: pooled metrics with intervals, and the least and the largest accuracy of a fold."""
    percent = f"{100 * content['confidence']:g}%"
    title = f"{content['photos']:,} photos, each tested once, in {content['folds']} folds ({percent} intervals)"
    sheet = Table("model", "accuracy", "of single folds", "macro F1", "log loss", title=title, title_justify="left")
    for model in MODELS:
        own = table.loc[table["model"] == model, "accuracy"]
        singles = f"{own.min():.4f} to {own.max():.4f}"
        sheet.add_row(model, *(_with_interval(content[model], "accuracy"), singles), *_others(content[model]))
    return sheet


def _others(metrics: Mapping[str, Any]) -> list[str]:
    return [_with_interval(metrics, name) for name in ("macro_f1", "log_loss")]


def _with_interval(metrics: Mapping[str, Any], name: str) -> str:
    return "{:.4f} [{:.4f}, {:.4f}]".format(*(metrics[f"{name}{end}"] for end in ("", "_low", "_high")))


def verdict(content: Mapping[str, Any]) -> str:
    """Say in a sentence whether the models' accuracies differ by more than chance."""
    found = Difference(**content["comparison"]["accuracy"])
    test = f"corrected resampled t-test over {content['folds']} folds: p = {found.p:.2g}"
    points = f"{100 * found.mean:+.2f} points of accuracy [{100 * found.low:+.2f}, {100 * found.high:+.2f}]"
    if found.p >= 1 - content["confidence"]:
        return f"CNN against MLP: {points}. That may be chance ({test})."
    return f"CNN against MLP: {points}. The {'CNN' if found.mean > 0 else 'MLP'} is better ({test})."
