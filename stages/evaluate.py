"""Compare the models by what they answered to the test part.

    python -m stages.evaluate

Reads   data/predicted/, models/ (run.json and record.json of each), data/ingested/, data/resized/, data/splits.csv,
        reports/plan/
Writes  reports/metrics.json, reports/predictions.parquet, reports/per_class.csv, reports/suspects.csv,
        reports/uncertainty.json, reports/plots/, reports/runs/cnn/, reports/runs/mlp/, reports/records/evaluated.json
"""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console

from pixelproof import console
from pixelproof.data.images.store import ImageStore
from pixelproof.evaluation import calibration, table
from pixelproof.evaluation.answers.tables import answer_table, labels_in, probabilities_in
from pixelproof.evaluation.comparison import compare, differences
from pixelproof.evaluation.conformal import least_probability, set_metrics
from pixelproof.evaluation.metrics import (
    Answers,
    calibration_metrics,
    commonest_class,
    model_metrics,
    per_class,
    resampled,
)
from pixelproof.evaluation.pictures import confusion_figure
from pixelproof.evaluation.plots import PICTURES, write_plots
from pixelproof.evaluation.robustness import robustness_table
from pixelproof.evaluation.suspects.search import find_suspects
from pixelproof.evaluation.suspects.table import suspects_words
from pixelproof.evaluation.temperature import scale
from pixelproof.evaluation.uncertainty import Uncertainty
from pixelproof.evaluation.unlike import distances, largest_distance
from pixelproof.files import read_json, replacing, write_json, write_text
from pixelproof.params.evaluate import Evaluate
from pixelproof.params.section import load_section, load_seed
from pixelproof.paths import (
    ANSWERS,
    FEATURES,
    MANIFEST,
    METRICS,
    MODELS,
    PER_CLASS,
    PLAN,
    PLOTS,
    PREDICTED,
    PREDICTIONS,
    RECORDS,
    RESIZED,
    ROBUSTNESS_ANSWERS,
    RUNS,
    SPLITS,
    SUSPECTS,
    UNCERTAINTY,
    VALID_ANSWERS,
)
from pixelproof.tracking.delivery.live import complete
from pixelproof.tracking.run.description import comparison
from pixelproof.tracking.run.record import (
    RunAddition,
    file_hashes,
    files_in,
    now,
    points,
    read_training,
    write_record,
    write_records,
)

PARTNER = {"cnn": "mlp", "mlp": "cnn"}
TEST_METRICS = (
    *("accuracy", "accuracy_low", "accuracy_high", "balanced_accuracy", "macro_f1", "log_loss"),
    *("roc_auc", "average_precision", "brier", "calibration_error"),
)


@dataclass(frozen=True)
class Evaluated:
    """A model's answers to the test part, and what its answers to the validation part say about them."""

    answers: Answers  # with the temperature, if answers use it
    temperature: float  # left to apply to them
    uncertainty: Uncertainty
    unlike: np.ndarray | None  # bool (n,): which test photos are unlike the training photos


def read_model(model: str, classes: list[str], groups: pd.Series, params: Evaluate) -> Evaluated:
    """Read what a model answered. groups: by the photos' ids."""
    test, valid = (pd.read_parquet(PREDICTED / model / name) for name in (ANSWERS, VALID_ANSWERS))
    shares, sure, labels = (
        probabilities_in(test, classes),
        probabilities_in(valid, classes),
        labels_in(valid, classes),
    )
    best = calibration.fit_temperature(sure, labels)
    used = best if params.calibrate else 1.0
    if params.calibrate:
        shares, sure = (scale(each, best) for each in (shares, sure))
    weights = str(read_json(MODELS / model / "run.json")["weights_sha256"])
    farthest, unlike = distances_in(PREDICTED / model / FEATURES) if model == "cnn" else (None, None)
    return Evaluated(
        Answers(shares, labels_in(test, classes), pd.factorize(groups.loc[test["id"]])[0], tuple(test["id"])),
        best / used,
        Uncertainty(params.coverage, used, least_probability(sure, labels, params.coverage), farthest, weights),
        unlike,
    )


def distances_in(features: Path) -> tuple[float, np.ndarray]:
    """Return the distance beyond which photos are unlike the training photos, and which test photos are, bool (n,)."""
    with np.load(features) as parts:
        valid, test = (distances(parts[part], parts["train"]) for part in ("valid", "test"))
    farthest = largest_distance(valid)
    return farthest, test > farthest


def measure(models: dict[str, Evaluated], commonest: int, *, confidence: float, seed: int) -> dict[str, Any]:
    """Return the content of reports/metrics.json; `commonest` is the number of the commonest class in training."""
    metrics: dict[str, Any] = {}
    answers = {model: own.answers for model, own in models.items()}
    samples = {model: resampled(own, seed=seed) for model, own in answers.items()}
    for model, own in models.items():
        plan, record = read_json(PLAN / f"{model}.json"), read_json(MODELS / model / "run.json")
        metrics[model] = {
            **model_metrics(own.answers, samples[model], confidence=confidence),
            **calibration_metrics(own.answers, own.temperature, confidence=confidence, seed=seed),
            **set_metrics(own.answers, own.uncertainty.least_probability, confidence=confidence),
            **({} if own.unlike is None else {"unlike_share": float(own.unlike.mean())}),
            **{total: plan[total] for total in ("parameters", "trainable", "multiply_adds")},
            **{key: record[key] for key in ("best_epoch", "epochs", "train_seconds")},
        }
    right = {model: own.predicted == own.labels for model, own in answers.items()}
    metrics["commonest_class"] = commonest_class(answers["cnn"], commonest, confidence=confidence)
    metrics["comparison"] = {
        **compare(right["cnn"], right["mlp"]),
        **differences(samples["cnn"], samples["mlp"], len(right["cnn"]), confidence=confidence),
        "confidence": confidence,
    }
    return metrics


def log_to_runs(
    metrics: dict[str, Any],
    by_model: dict[str, np.ndarray],
    labels: np.ndarray,
    classes: list[str],
    tables: dict[str, pd.DataFrame],
) -> None:
    """Complete each model's MLflow run with what the test part says, and with the name of its partner's run."""
    runs = {model: read_training(files_in(MODELS / model)).record for model in by_model}
    compared = f"{table.as_markdown(table.comparison_rows(metrics))}\n\n{table.verdict(metrics)}"
    written, added = now(), []
    for model, probabilities in by_model.items():
        partner = runs[PARTNER[model]]
        named = {f"test/{key}": metrics[model][key] for key in TEST_METRICS if metrics[model][key] is not None}
        named |= {f"comparison/{key}": metrics["comparison"][key] for key in ("accuracy_difference", "mcnemar_p")}
        record = RunAddition(
            kind="evaluated",
            run_id=runs[model].run_id,
            written=written,
            tags={"partner_run_id": partner.run_id},
            metrics=points(named, step=0, timestamp=written),
            artifacts=["confusion.png", PREDICTIONS.name, *PICTURES],
            comparison=comparison(compared, partner.name, partner.run_id),
        )
        with replacing(RUNS / model) as folder:
            folder.mkdir()
            figure = confusion_figure(probabilities, labels, classes, f"{model}: test images by class")
            figure.savefig(folder / "confusion.png")
            tables[model].to_parquet(folder / PREDICTIONS.name, index=False)
            for picture in PICTURES:
                shutil.copyfile(PLOTS / picture, folder / picture)
            record.files = file_hashes(record, folder)
            write_record(record, folder)
        added.append(record)
        complete(MODELS / model, RUNS / model)
    write_records(added, RECORDS / "evaluated.json")


def answer_tables(models: dict[str, Evaluated], classes: list[str], groups: pd.Series) -> dict[str, pd.DataFrame]:
    """Return each model's answers to the test part as a table, with the groups of copies."""
    tables = {}
    for model, own in models.items():
        shown = own.answers
        answered = answer_table(model, shown.probabilities, shown.ids, shown.labels, classes)
        tables[model] = answered.assign(group=groups.loc[list(shown.ids)].to_numpy())
    return tables


def read_suspects() -> pd.DataFrame:
    """Return what is suspected of every photo, by the CNN's answers to what it was not trained on."""
    store, photos = ImageStore.open(RESIZED), pd.read_parquet(MANIFEST)
    held_out = pd.concat([pd.read_parquet(PREDICTED / "cnn" / name) for name in (VALID_ANSWERS, ANSWERS)])
    return find_suspects(store, photos, probabilities_in(held_out, store.classes), held_out["id"].tolist())


def main() -> None:
    params, seed = load_section(Evaluate), load_seed()
    classes = list(read_json(RESIZED / "store.json")["classes"])
    splits = pd.read_csv(SPLITS, dtype=str, keep_default_na=False)  # a class may be called `NA`
    groups = splits.set_index("id")["group"]
    models = {model: read_model(model, classes, groups, params) for model in PARTNER}
    commonest = str(splits.loc[splits["part"] == "train", "label"].value_counts().index[0])
    metrics = measure(models, classes.index(commonest), confidence=params.confidence, seed=seed)
    tables = answer_tables(models, classes, groups)
    with replacing(PREDICTIONS) as beside:
        pd.concat(tables.values(), ignore_index=True).to_parquet(beside, index=False)
    frames = [per_class(own.answers, classes, confidence=params.confidence) for own in models.values()]
    by_class = pd.concat([frame.assign(model=model) for model, frame in zip(models, frames, strict=True)])
    write_text(PER_CLASS, by_class.to_csv(index=False))
    write_json(UNCERTAINTY, {model: own.uncertainty.as_json() for model, own in models.items()})
    by_model, labels = {model: own.answers.probabilities for model, own in models.items()}, models["cnn"].answers.labels
    corrupted = {model: pd.read_parquet(PREDICTED / model / ROBUSTNESS_ANSWERS) for model in PARTNER}
    robust = robustness_table(corrupted, groups, confidence=params.confidence, seed=seed)
    write_plots(by_model, labels, classes, robust, PLOTS)
    suspects = read_suspects()
    write_text(SUSPECTS, suspects.to_csv(index=False))
    log_to_runs(metrics, by_model, labels, classes, tables)
    write_json(METRICS, metrics)
    terminal = Console()
    terminal.print(table.as_rich(table.comparison_rows(metrics)))
    terminal.print(table.as_rich(table.interval_rows(metrics), f"With {100 * params.confidence:g}% intervals"))
    terminal.print(table.verdict(metrics), soft_wrap=True)
    terminal.print(suspects_words(suspects, str(SUSPECTS)), soft_wrap=True)


if __name__ == "__main__":
    console.run(main)
