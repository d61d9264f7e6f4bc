"""Let both models answer the test part, once, and compare them.

    python -m stages.evaluate

Reads   models/cnn/, models/mlp/, data/resized/, data/splits.csv, reports/plan/
Writes  reports/metrics.json, reports/predictions.parquet, reports/per_class.csv, reports/plots/,
        reports/runs/cnn/, reports/runs/mlp/
"""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from rich.console import Console

from pixelproof import console
from pixelproof.data.splits import positions, read_splits
from pixelproof.data.store import ImageStore
from pixelproof.evaluation import curves, table
from pixelproof.evaluation.comparison import compare
from pixelproof.evaluation.metrics import model_metrics, per_class
from pixelproof.evaluation.pictures import confusion_figure
from pixelproof.files import read_json, replacing, write_json, write_text
from pixelproof.network.cnn import cnn
from pixelproof.network.mlp import mlp
from pixelproof.params import load_params
from pixelproof.paths import METRICS, MODELS, PER_CLASS, PLAN, PLOTS, PREDICTIONS, RESIZED, RUNS, SPLITS
from pixelproof.tracking.delivery.live import complete
from pixelproof.tracking.run.description import comparison
from pixelproof.tracking.run.record import RunAddition, files_in, now, points, read_training, write_record
from pixelproof.training.feed import evaluation_batches

PARTNER = {"cnn": "mlp", "mlp": "cnn"}
TEST_METRICS = ("accuracy", "accuracy_low", "accuracy_high", "macro_f1", "log_loss")


def answers(store: ImageStore, test: np.ndarray) -> dict[str, np.ndarray]:
    """Return each model's (n, classes) float32 probabilities for the images at the positions `test`.

    Raises AssertionError if Keras or scikit-learn holds another network than the plan says.
    """
    cnn_model, mlp_model = cnn.load(MODELS / "cnn"), mlp.load(MODELS / "mlp")
    cnn.check_against_plan(cnn_model, read_json(PLAN / "cnn.json"))
    mlp.check_against_plan(mlp_model, read_json(PLAN / "mlp.json"))
    return {
        "cnn": cnn.predict(cnn_model, evaluation_batches(store, test)),
        "mlp": mlp.predict(mlp_model, evaluation_batches(store, test)),
    }


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


def predictions(
    by_model: dict[str, np.ndarray], ids: pd.Series, labels: np.ndarray, classes: list[str]
) -> pd.DataFrame:
    """Return a row per model and test image: model, id, label, predicted, and p_<class> for each class."""
    names = np.array(classes)
    frames = []
    for model, probabilities in by_model.items():
        answered = {"model": model, "id": ids.to_numpy(), "label": names[labels]}
        answered["predicted"] = names[probabilities.argmax(axis=1)]
        shares = pd.DataFrame(probabilities, columns=[f"p_{name}" for name in classes])
        frames.append(pd.concat([pd.DataFrame(answered), shares], axis="columns"))
    return pd.concat(frames, ignore_index=True)


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
    written = now()
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
            write_record(record, folder)
        complete(MODELS / model, RUNS / model)


def main() -> None:
    params = load_params()
    store = ImageStore.open(RESIZED)
    test = positions(store.index, read_splits(SPLITS), "test")
    labels, classes = store.labels[test], store.classes
    by_model = answers(store, test)
    metrics = measure(by_model, labels, confidence=params.evaluate.confidence)
    with replacing(PREDICTIONS) as beside:
        predictions(by_model, store.index["id"].iloc[test], labels, classes).to_parquet(beside, index=False)
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
