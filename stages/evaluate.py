"""Compare the models by what they answered to the test part.

    python -m stages.evaluate

Reads   data/predicted/, models/ (run.json and record.json of each), data/resized/store.json, reports/plan/
Writes  reports/metrics.json, reports/predictions.parquet, reports/per_class.csv, reports/plots/,
        reports/runs/cnn/, reports/runs/mlp/, reports/records/evaluated.json
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console

from pixelproof import console
from pixelproof.evaluation import curves, table
from pixelproof.evaluation.answers import labels_in, probabilities_in
from pixelproof.evaluation.comparison import compare
from pixelproof.evaluation.metrics import model_metrics, per_class
from pixelproof.evaluation.pictures import confusion_figure
from pixelproof.files import read_json, replacing, write_json, write_text
from pixelproof.params.evaluate import Evaluate
from pixelproof.params.section import load_section
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
TEST_METRICS = ("accuracy", "accuracy_low", "accuracy_high", "macro_f1", "log_loss")


def measure(by_model: dict[str, np.ndarray], labels: np.ndarray, *, confidence: float) -> dict[str, Any]:
    """Return the content of reports/metrics.json."""
    metrics: dict[str, Any] = {}
    for model, probabilities in by_model.items():
        plan, record = read_json(PLAN / f"{model}.json"), read_json(MODELS / model / "run.json")
        metrics[model] = {
            **model_metrics(probabilities, labels, confidence=confidence),
            **{total: plan[total] for total in ("parameters", "trainable", "multiply_adds")},
            **{key: record[key] for key in ("best_epoch", "epochs", "train_seconds")},
        }
    right = {model: probabilities.argmax(axis=1) == labels for model, probabilities in by_model.items()}
    metrics["comparison"] = {**compare(right["cnn"], right["mlp"]), "confidence": confidence}
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
    metrics: dict[str, Any], by_model: dict[str, np.ndarray], labels: np.ndarray, classes: list[str]
) -> None:
    """Complete each model's MLflow run with what the test part says, and with the name of its partner's run."""
    runs = {model: read_training(files_in(MODELS / model)).record for model in by_model}
    compared = f"{table.as_markdown(table.comparison_rows(metrics))}\n\n{table.verdict(metrics)}"
    written, added = now(), []
    for model, probabilities in by_model.items():
        partner = runs[PARTNER[model]]
        named = {f"test/{key}": metrics[model][key] for key in TEST_METRICS}
        named |= {f"comparison/{key}": metrics["comparison"][key] for key in ("accuracy_difference", "mcnemar_p")}
        record = RunAddition(
            kind="evaluated",
            run_id=runs[model].run_id,
            written=written,
            tags={"partner_run_id": partner.run_id},
            metrics=points(named, step=0, timestamp=written),
            artifacts=["confusion.png"],
            comparison=comparison(compared, partner.name, partner.run_id),
        )
        with replacing(RUNS / model) as folder:
            folder.mkdir()
            figure = confusion_figure(probabilities, labels, classes, f"{model}: test images by class")
            figure.savefig(folder / "confusion.png")
            record.files = file_hashes(record, folder)
            write_record(record, folder)
        added.append(record)
        complete(MODELS / model, RUNS / model)
    write_records(added, RECORDS / "evaluated.json")


def main() -> None:
    params = load_section(Evaluate)
    answers = {model: pd.read_parquet(PREDICTED / model / ANSWERS) for model in PARTNER}
    classes = list(read_json(RESIZED / "store.json")["classes"])
    labels = labels_in(answers["cnn"], classes)
    by_model = {model: probabilities_in(own, classes) for model, own in answers.items()}
    metrics = measure(by_model, labels, confidence=params.confidence)
    with replacing(PREDICTIONS) as beside:
        pd.concat(answers.values(), ignore_index=True).to_parquet(beside, index=False)
    frames = [per_class(shares, labels, classes).assign(model=model) for model, shares in by_model.items()]
    write_text(PER_CLASS, pd.concat(frames).to_csv(index=False))
    write_plots(by_model, labels, classes, PLOTS)
    log_to_runs(metrics, by_model, labels, classes)
    write_json(METRICS, metrics)
    terminal = Console()
    terminal.print(table.as_rich(table.comparison_rows(metrics)))
    terminal.print(table.verdict(metrics))


if __name__ == "__main__":
    console.run(main)
