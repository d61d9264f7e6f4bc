"""The comparison of the two models as a table, for the terminal and for the README."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from pixelproof.evaluation import comparison

ComparisonRow = tuple[str, ...]  # quantity, CNN, MLP

NAMES = {"cnn": "CNN (Keras)", "mlp": "MLP (scikit-learn)"}
METRIC_NAMES = {
    "accuracy": "accuracy",
    "balanced_accuracy": "balanced accuracy",
    "macro_precision": "macro precision",
    "macro_f1": "macro F1",
    "roc_auc": "ROC AUC",
    "average_precision": "average precision",
    "log_loss": "log loss",
    "brier": "Brier score",
}
WITH_INTERVALS = {
    **{name: words for name, words in METRIC_NAMES.items() if name != "accuracy"},
    "calibration_error": "calibration error",
    "calibration_error_scaled": "... with the temperature",
    "set_coverage": "possible classes hold the true one",
}


def comparison_rows(metrics: dict[str, Any]) -> list[ComparisonRow]:
    """Return the rows of the short table from the content of reports/metrics.json."""
    both = metrics["cnn"], metrics["mlp"]
    commonest = metrics["commonest_class"]
    confidence = metrics["comparison"]["confidence"]
    return [
        ("test accuracy", *(f"{model['accuracy']:.4f}" for model in both)),
        (f"{100 * confidence:g}% interval", *(f"{m['accuracy_low']:.4f} to {m['accuracy_high']:.4f}" for m in both)),
        ("balanced accuracy", *(f"{model['balanced_accuracy']:.4f}" for model in both)),
        ("always the commonest class", *(f"{commonest['accuracy']:.4f}" for _ in both)),
        ("log loss", *(f"{model['log_loss']:.4f}" for model in both)),
        ("parameters", *(f"{model['parameters']:,}" for model in both)),
        ("multiply-adds per image", *(f"{model['multiply_adds']:,}" for model in both)),
        ("training time", *(f"{model['train_seconds']:.0f} s" for model in both)),
    ]


def interval_rows(metrics: dict[str, Any]) -> list[ComparisonRow]:
    """Return a row for each metric with its interval, and the temperature; docs/evaluate.md says what they mean."""
    both = metrics["cnn"], metrics["mlp"]
    rows = [(words, *(with_interval(model, name) for model in both)) for name, words in WITH_INTERVALS.items()]
    return [
        *rows,
        ("classes that are possible", *(f"{model['set_size']:.2f}" for model in both)),
        ("temperature", *(f"{model['temperature']:.2f}" for model in both)),
    ]


def with_interval(model: Mapping[str, Any], name: str, sign: str = "") -> str:
    """Return a metric and its interval as text; with `sign` "+" each number has its sign."""
    numbers = [model[name], model[f"{name}_low"], model[f"{name}_high"]]
    if None in numbers:
        return "cannot be measured"
    value, low, high = (f"{number:{sign}.4f}" for number in numbers)
    return f"{value} ({low} to {high})"


def verdict(metrics: dict[str, Any]) -> str:
    """Return the result of the paired comparison in one sentence."""
    return comparison.verdict(metrics["comparison"])


def as_rich(rows: list[ComparisonRow], title: str = "On the test part") -> Table:
    table = Table("", *NAMES.values(), title=title)
    for row in rows:
        table.add_row(*row)
    return table


def as_markdown(rows: list[ComparisonRow]) -> str:
    lines = [("", *NAMES.values()), ("---", "---:", "---:"), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
