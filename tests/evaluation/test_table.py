from typing import Any

import pytest
from rich.console import Console

from pixelproof.evaluation.table import WITH_INTERVALS, as_markdown, as_rich, comparison_rows, interval_rows


def metrics(p: float = 0.004077, confidence: float = 0.95) -> dict[str, Any]:
    """The content of a reports/metrics.json."""
    cnn = {
        "accuracy": 0.97733,
        "accuracy_low": 0.9641,
        "accuracy_high": 0.98579,
        "macro_f1": 0.97738,
        "log_loss": 0.09077,
        **{f"{name}{end}": value for name in WITH_INTERVALS for end, value in (("_low", 0.1), ("_high", 0.2))},
        **dict.fromkeys(set(WITH_INTERVALS) - {"macro_f1", "log_loss"}, 0.15),
        "temperature": 1.234,
        "set_size": 1.5,
        "parameters": 105_866,
        "multiply_adds": 1_117_056,
        "best_epoch": 30,
        "train_seconds": 18.557,
    }
    mlp = cnn | {"accuracy": 0.95733, "parameters": 79_510, "best_epoch": 28, "train_seconds": 12.352}
    comparison = {
        "images": 1750,
        "accuracy_difference": 0.02,
        "accuracy_difference_low": 0.0064,
        "accuracy_difference_high": 0.0336,
        "mcnemar_p": p,
        "both_right": 1713,
        "only_cnn_right": 20,
        "only_mlp_right": 5,
        "both_wrong": 12,
        "confidence": confidence,
    }
    return {"cnn": cnn, "mlp": mlp, "commonest_class": {"accuracy": 0.6}, "comparison": comparison}


def test_the_rows_show_both_models_numbers() -> None:
    """Else the table would lack a number, or show one model's in the other's column."""
    assert comparison_rows(metrics()) == [
        ("test accuracy", "0.9773", "0.9573"),
        ("95% interval", "0.9641 to 0.9858", "0.9641 to 0.9858"),
        ("balanced accuracy", "0.1500", "0.1500"),
        ("always the commonest class", "0.6000", "0.6000"),
        ("log loss", "0.0908", "0.0908"),
        ("parameters", "105,866", "79,510"),
        ("multiply-adds per image", "1,117,056", "1,117,056"),
        ("training time", "19 s", "12 s"),
    ]


@pytest.mark.parametrize(("confidence", "name"), [(0.9, "90%"), (0.99, "99%"), (0.999, "99.9%"), (0.995, "99.5%")])
def test_the_interval_is_named_after_its_confidence(confidence: float, name: str) -> None:
    """Else the table would promise a confidence that the interval does not have, such as 100 %."""
    assert comparison_rows(metrics(confidence=confidence))[1][0] == f"{name} interval"


def test_each_metric_has_its_interval_in_the_terminal() -> None:
    """Else a number would stand there as if the test part were endless; what cannot be measured says so."""
    found = metrics()
    found["mlp"] = found["mlp"] | {"roc_auc": None, "roc_auc_low": None, "roc_auc_high": None}
    rows = {row[0]: row[1:] for row in interval_rows(found)}
    assert rows["log loss"] == ("0.0908 (0.1000 to 0.2000)",) * 2
    assert rows["ROC AUC"] == ("0.1500 (0.1000 to 0.2000)", "cannot be measured")
    assert rows["temperature"] == ("1.23", "1.23")
    assert len(rows) == len(WITH_INTERVALS) + 2


def test_the_markdown_is_a_table_with_three_columns() -> None:
    """Else GitHub would show the README's table as text."""
    rows = comparison_rows(metrics())
    lines = [[cell.strip() for cell in line.split("|")[1:-1]] for line in as_markdown(rows).splitlines()]
    assert lines[0] == ["", "CNN (Keras)", "MLP (scikit-learn)"]
    assert lines[1] == ["---", "---:", "---:"]
    assert lines[2:] == [list(row) for row in rows]


def test_the_terminals_table_has_every_cell() -> None:
    """Else the terminal would show less than the README."""
    rows = comparison_rows(metrics())
    terminal = Console(width=100)
    with terminal.capture() as shown:
        terminal.print(as_rich(rows))
    for cell in ("On the test part", "CNN (Keras)", "MLP (scikit-learn)", *(cell for row in rows for cell in row)):
        assert cell in shown.get()
