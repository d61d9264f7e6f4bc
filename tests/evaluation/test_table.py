from typing import Any

import pytest
from rich.console import Console

from pixelproof.evaluation.table import as_markdown, as_rich, comparison_rows, verdict


def metrics(p: float = 0.004077, confidence: float = 0.95) -> dict[str, Any]:
    """The content of a reports/metrics.json."""
    cnn = {
        "accuracy": 0.97733,
        "accuracy_low": 0.9641,
        "accuracy_high": 0.98579,
        "macro_f1": 0.97738,
        "log_loss": 0.09077,
        "parameters": 105_866,
        "multiply_adds": 1_117_056,
        "best_epoch": 30,
        "train_seconds": 18.557,
    }
    mlp = cnn | {"accuracy": 0.95733, "parameters": 79_510, "best_epoch": 28, "train_seconds": 12.352}
    comparison = {
        "images": 1750,
        "accuracy_difference": 0.02,
        "mcnemar_p": p,
        "both_right": 1713,
        "only_cnn_right": 20,
        "only_mlp_right": 5,
        "both_wrong": 12,
        "confidence": confidence,
    }
    return {"cnn": cnn, "mlp": mlp, "comparison": comparison}


def test_the_rows_show_both_models_numbers() -> None:
    """Else the table would lack a number, or show one model's in the other's column."""
    assert comparison_rows(metrics()) == [
        ("test accuracy", "0.9773", "0.9573"),
        ("95% interval", "0.9641 to 0.9858", "0.9641 to 0.9858"),
        ("macro F1", "0.9774", "0.9774"),
        ("log loss", "0.0908", "0.0908"),
        ("parameters", "105,866", "79,510"),
        ("multiply-adds per image", "1,117,056", "1,117,056"),
        ("best epoch", "30", "28"),
        ("training time", "19 s", "12 s"),
    ]


@pytest.mark.parametrize(("confidence", "name"), [(0.9, "90%"), (0.99, "99%"), (0.999, "99.9%"), (0.995, "99.5%")])
def test_the_interval_is_named_after_its_confidence(confidence: float, name: str) -> None:
    """Else the table would promise a confidence that the interval does not have, such as 100 %."""
    assert comparison_rows(metrics(confidence=confidence))[1][0] == f"{name} interval"


def test_the_verdict_names_the_counts_the_difference_and_p() -> None:
    """Else the sentence could not be checked against the report."""
    assert verdict(metrics()) == (
        "On the same 1,750 test images only the CNN was right on 20, only the MLP on 5: a difference of +0.0200, "
        "McNemar's exact p = 0.0041, more than chance explains."
    )


@pytest.mark.parametrize(
    ("p", "confidence", "words"),
    [
        (0.0041, 0.95, "more than chance explains."),
        (0.06, 0.95, "which chance can explain."),
        (1.0, 0.95, "which chance can explain."),
        (0.0041, 0.999, "which chance can explain."),
        (0.06, 0.9, "more than chance explains."),
    ],
)
def test_the_verdict_follows_p_and_the_confidence(p: float, confidence: float, words: str) -> None:
    """Else chance would be sold as a finding, or a finding as chance."""
    assert verdict(metrics(p, confidence)).endswith(words)


def test_a_better_mlp_has_a_negative_difference() -> None:
    """Else the sentence would hide which model is ahead."""
    worse = metrics()
    worse["comparison"]["accuracy_difference"] = -0.02
    assert "a difference of -0.0200" in verdict(worse)


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
