"""A model's answers as a table, which the evaluation and the page read."""

from pathlib import Path

import numpy as np
import pandas as pd

from pixelproof.evaluation.answers.tables import answer_table, labels_in, probabilities_in

CLASSES = ["10", "NA", "cat"]  # names that a reader of tables may take for a number, or for nothing


def test_what_is_read_back_is_what_the_model_said(tmp_path: Path) -> None:
    """Else `evaluate` would measure something else than the model: to the bit, and in the order of the images."""
    probabilities = np.random.default_rng(0).dirichlet(np.ones(3), 5).astype(np.float32)
    labels = np.array([2, 0, 1, 1, 0])
    table = answer_table("cnn", probabilities, list("abcde"), labels, CLASSES)
    table.to_parquet(tmp_path / "answers.parquet", index=False)
    read = pd.read_parquet(tmp_path / "answers.parquet")
    assert read["id"].tolist() == list("abcde")
    assert read["label"].tolist() == ["cat", "10", "NA", "NA", "10"]
    assert read["predicted"].tolist() == [CLASSES[column] for column in probabilities.argmax(axis=1)]
    np.testing.assert_array_equal(probabilities_in(read, CLASSES), probabilities)
    assert probabilities_in(read, CLASSES).dtype == np.float32
    np.testing.assert_array_equal(labels_in(read, CLASSES), labels)
