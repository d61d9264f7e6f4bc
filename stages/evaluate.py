"""Compare the models by what they answered to the test part.

    python -m stages.evaluate

Reads   data/predicted/, models/ (run.json and record.json of each), data/resized/store.json, data/splits.csv,
        reports/plan/
Writes  reports/metrics.json, reports/predictions.parquet, reports/per_class.csv, reports/plots/,
        reports/runs/cnn/, reports/runs/mlp/, reports/records/evaluated.json
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console

from pixelproof import console
from pixelproof.evaluation import calibration, curves, table
from pixelproof.evaluation.answers import answer_table, labels_in, probabilities_in
from pixelproof.evaluation.comparison import compare, differences
from pixelproof.evaluation.metrics import (
    Answers,
    calibration_metrics,
    commonest_class,
    model_metrics,
    per_class,
    resampled,
)
from pixelproof.evaluation.pictures import confusion_figure
from pixelproof.files import read_json, replacing, write_json, write_text
from pixelproof.params.evaluate import Evaluate
from pixelproof.params.section import load_section, load_seed
from pixelproof.paths import (
    ANSWERS,
    METRICS,
    MODELS,
    PER_CLASS,
    PLAN,
    PLOTS,
    PREDICTED,
    PREDICTIONS,
    RECORDS,
    RESIZED,
    RUNS,
    SPLITS,
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


def read_answers(model: str, classes: list[str], groups: pd.Series, *, calibrate: bool) -> tuple[Answers, float]:
    """Return what a model answered to the test part, and the temperature that suits the validation part best.

    With `calibrate` the answers have that temperature already. groups: by the photos' ids
    """
    test, valid = (pd.read_parquet(PREDICTED / model / name) for name in (ANSWERS, VALID_ANSWERS))
    temperature = calibration.fit_temperature(probabilities_in(valid, classes), labels_in(valid, classes))
    probabilities = probabilities_in(test, classes)
    if calibrate:
        probabilities = calibration.scale(probabilities, temperature)
    numbers = pd.factorize(groups.loc[test["id"]])[0]
    return Answers(probabilities, labels_in(test, classes), numbers, tuple(test["id"])), temperature


def measure(
    answers: dict[str, Answers], temperatures: dict[str, float], commonest: int, *, confidence: float, seed: int
) -> dict[str, Any]:
    """Return the content of reports/metrics.json; `commonest` is the number of the commonest class in training."""
    metrics: dict[str, Any] = {}
    samples = {model: resampled(own, seed=seed) for model, own in answers.items()}
    for model, own in answers.items():
        plan, record = read_json(PLAN / f"{model}.json"), read_json(MODELS / model / "run.json")
        metrics[model] = {
            **model_metrics(own, samples[model], confidence=confidence),
            **calibration_metrics(own, temperatures[model], confidence=confidence, seed=seed),
            **{total: plan[total] for total in ("parameters", "trainable", "multiply_adds")},
            **{key: record[key] for key in ("best_epoch", "epochs", "train_seconds")},
        }
    right = {model: own.predicted == own.labels for model, own in answers.items()}
    images = len(right["cnn"])
    metrics["commonest_class"] = commonest_class(answers["cnn"], commonest, confidence=confidence)
    metrics["comparison"] = {
        **compare(right["cnn"], right["mlp"]),
        **differences(samples["cnn"], samples["mlp"], images, confidence=confidence),
        "confidence": confidence,
    }
    return metrics


def write_plots(by_model: dict[str, np.ndarray], labels: np.ndarray, classes: list[str], folder: Path) -> None:
    with replacing(folder) as beside:
        beside.mkdir()
        for model, probabilities in by_model.items():
            tables = {
                "confusion": curves.confusion(probabilities, labels, classes),
                "roc": curves.roc(probabilities, labels),
                "precision_recall": curves.precision_recall(probabilities, labels),
            }
            for name, content in tables.items():
                content.to_csv(beside / f"{name}_{model}.csv", index=False)


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
            artifacts=["confusion.png", PREDICTIONS.name],
            comparison=comparison(compared, partner.name, partner.run_id),
        )
        with replacing(RUNS / model) as folder:
            folder.mkdir()
            figure = confusion_figure(probabilities, labels, classes, f"{model}: test images by class")
            figure.savefig(folder / "confusion.png")
            tables[model].to_parquet(folder / PREDICTIONS.name, index=False)
            record.files = file_hashes(record, folder)
            write_record(record, folder)
        added.append(record)
        complete(MODELS / model, RUNS / model)
    write_records(added, RECORDS / "evaluated.json")


def main() -> None:
    params, seed = load_section(Evaluate), load_seed()
    classes = list(read_json(RESIZED / "store.json")["classes"])
    splits = pd.read_csv(SPLITS, dtype=str, keep_default_na=False)  # a class may be called `NA`
    groups = splits.set_index("id")["group"]
    read = {model: read_answers(model, classes, groups, calibrate=params.calibrate) for model in PARTNER}
    answers = {model: own for model, (own, _) in read.items()}
    temperatures = {model: 1.0 if params.calibrate else own for model, (_, own) in read.items()}
    training = splits.loc[splits["part"] == "train", "label"].value_counts()
    commonest = classes.index(str(training.index[0]))
    metrics = measure(answers, temperatures, commonest, confidence=params.confidence, seed=seed)
    labels = answers["cnn"].labels
    by_model = {model: own.probabilities for model, own in answers.items()}
    tables = {
        model: answer_table(model, own.probabilities, own.ids, labels, classes).assign(
            group=groups.loc[list(own.ids)].to_numpy()
        )
        for model, own in answers.items()
    }
    with replacing(PREDICTIONS) as beside:
        pd.concat(tables.values(), ignore_index=True).to_parquet(beside, index=False)
    frames = [
        per_class(own, classes, confidence=params.confidence).assign(model=model) for model, own in answers.items()
    ]
    write_text(PER_CLASS, pd.concat(frames).to_csv(index=False))
    write_plots(by_model, labels, classes, PLOTS)
    log_to_runs(metrics, by_model, labels, classes, tables)
    write_json(METRICS, metrics)
    terminal = Console()
    terminal.print(table.as_rich(table.comparison_rows(metrics)))
    terminal.print(table.as_rich(table.interval_rows(metrics), f"With {100 * params.confidence:g}% intervals"))
    terminal.print(table.verdict(metrics))


if __name__ == "__main__":
    console.run(main)
