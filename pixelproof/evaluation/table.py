"""The comparison of the two models as a table, for the terminal and for the README."""

from typing import Any

from rich.table import Table

ComparisonRow = tuple[str, ...]  # quantity, CNN, MLP

NAMES = {"cnn": "CNN (Keras)", "mlp": "MLP (scikit-learn)"}


def comparison_rows(metrics: dict[str, Any]) -> list[ComparisonRow]:
    """Return the rows of the table from the content of reports/metrics.json."""
    both = metrics["cnn"], metrics["mlp"]
    confidence = metrics["comparison"]["confidence"]
    return [
        ("test accuracy", *(f"{model['accuracy']:.4f}" for model in both)),
        (f"{100 * confidence:g}% interval", *(f"{m['accuracy_low']:.4f} to {m['accuracy_high']:.4f}" for m in both)),
        ("macro F1", *(f"{model['macro_f1']:.4f}" for model in both)),
        ("log loss", *(f"{model['log_loss']:.4f}" for model in both)),
        ("parameters", *(f"{model['parameters']:,}" for model in both)),
        ("multiply-adds per image", *(f"{model['multiply_adds']:,}" for model in both)),
        ("best epoch", *(str(model["best_epoch"]) for model in both)),
        ("training time", *(f"{model['train_seconds']:.0f} s" for model in both)),
    ]


def verdict(metrics: dict[str, Any]) -> str:
    """Return the result of the paired comparison in one sentence."""
    found = metrics["comparison"]
    certain = found["mcnemar_p"] < 1 - found["confidence"]
    return (
        f"On the same {found['images']:,} test images only the CNN was right on {found['only_cnn_right']}, only the "
        f"MLP on {found['only_mlp_right']}: a difference of {found['accuracy_difference']:+.4f}, McNemar's exact "
        f"p = {found['mcnemar_p']:.2g}, {'more than chance explains' if certain else 'which chance can explain'}."
    )


def as_rich(rows: list[ComparisonRow]) -> Table:
    table = Table("", *NAMES.values(), title="On the test part")
    for row in rows:
        table.add_row(*row)
    return table


def as_markdown(rows: list[ComparisonRow]) -> str:
    lines = [("", *NAMES.values()), ("---", "---:", "---:"), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
