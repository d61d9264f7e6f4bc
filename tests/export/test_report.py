"""What exports proved, in words and numbers."""

import csv
import io

import numpy as np
import pytest

from pixelproof.export.proof import Measured, Proof, compare
from pixelproof.export.report import as_csv, as_markdown, metrics, sentences


def proof(accuracy: float | None = 0.975, same: int = 190) -> Proof:
    own = None if accuracy is None else 0.98
    export, model = Measured(accuracy, 2000, {"1": 0.5, "32": 4.0}), Measured(own, 9000, {"1": 1.5, "32": 6.0})
    return Proof("the test part", 200, 0.0321, same, export, model)


@pytest.mark.parametrize(
    ("proved", "says"),
    [
        (proof(), "10 of 200 images get another class; it loses 0.50 points of accuracy."),
        (proof(0.985), "10 of 200 images get another class; it gains 0.50 points of accuracy."),
        (proof(0.98, 200), "0 of 200 images get another class; it loses 0.00 points of accuracy."),
        (proof(None), "10 of 200 images get another class; nobody knows what that costs in accuracy."),
    ],
)
def test_8_bits_say_what_they_lose(proved: Proof, says: str) -> None:
    """Else someone would ship a small model without knowing its price."""
    assert list(sentences({"onnx": proof(), "litert-int8": proved})) == [f"litert-int8: {says}"]


def test_the_table_has_the_model_and_every_export() -> None:
    """Else the reader could not compare an export with what it was made of."""
    rows = list(csv.reader(io.StringIO(as_csv("cnn", {"onnx": proof()}))))
    assert rows[1:] == [
        ["the model (cnn)", "", "", "0.9800", "9.0 kB", "1.50", "6.00"],
        ["onnx", "3.2e-02", "190 of 200", "0.9750", "2.0 kB", "0.50", "4.00"],
    ]
    assert "| onnx | 3.2e-02 | 190 of 200 | 0.9750 | 2.0 kB | 0.50 | 4.00 |" in as_markdown("cnn", {"onnx": proof()})


def test_a_run_gets_the_numbers_and_no_accuracy_that_nobody_knows() -> None:
    """Else MLflow would show an accuracy on random pixels."""
    found = metrics({"onnx": proof(None), "litert": proof()})
    assert found["export/litert/accuracy"] == 0.975
    assert found["export/onnx/same_class"] == 0.95
    assert found["export/onnx/ms_for_32"] == 4.0
    assert "export/onnx/accuracy" not in found


def test_what_is_not_a_number_differs() -> None:
    """Else a network that gives NaN would pass, as every comparison with NaN does."""
    model = np.array([[0.9, 0.1], [0.2, 0.8]])
    assert compare(model + np.array([[0.0, 0.01], [0, 0]]), model) == (pytest.approx(0.01), 2)
    assert compare(np.array([[np.nan, np.nan], [0.6, 0.4]]), model)[0] == np.inf
