from math import log, sqrt
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixelproof.evaluation.metrics import model_metrics, per_class

# Six images of three classes; the third class is never predicted.
LABELS = np.array([0, 0, 0, 1, 1, 2])
PROBABILITIES = np.array(
    [
        [0.7, 0.2, 0.1],
        [0.6, 0.3, 0.1],
        [0.2, 0.5, 0.3],  # taken for class 1
        [0.1, 0.8, 0.1],
        [0.5, 0.4, 0.1],  # taken for class 0
        [0.3, 0.4, 0.3],  # taken for class 1
    ]
)


def answers(right: int, images: int) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities and labels of a model that is right on so many images of two classes."""
    labels = np.arange(images) % 2
    predicted = np.where(np.arange(images) < right, labels, 1 - labels)
    return np.where(np.arange(2) == predicted[:, None], 0.75, 0.25), labels


def wilson(right: int, images: int, confidence: float) -> tuple[float, float]:
    """Return Wilson's score interval, as written in his paper of 1927."""
    z = NormalDist().inv_cdf((1 + confidence) / 2)
    share = right / images
    middle = share + z**2 / (2 * images)
    half = z * sqrt(share * (1 - share) / images + z**2 / (4 * images**2))
    return (middle - half) / (1 + z**2 / images), (middle + half) / (1 + z**2 / images)


@pytest.mark.parametrize(
    ("right", "images", "confidence", "low", "high"),
    [
        (8, 10, 0.95, 0.4902, 0.9433),
        (10, 10, 0.95, 0.7225, 1.0),
        (0, 10, 0.95, 0.0, 0.2775),
        (8, 10, 0.99, 0.4008, 0.9599),
    ],
)
def test_the_accuracy_has_wilsons_interval(right: int, images: int, confidence: float, low: float, high: float) -> None:
    """Else the report would promise another confidence than it keeps, most of all for few images or near 100 %."""
    metrics = model_metrics(*answers(right, images), confidence=confidence)
    assert metrics["accuracy"] == right / images
    assert (metrics["accuracy_low"], metrics["accuracy_high"]) == pytest.approx((low, high), abs=5e-5)


@given(st.integers(1, 60).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))), st.floats(0.5, 0.999))
def test_the_interval_follows_the_papers_formula(counts: tuple[int, int], confidence: float) -> None:
    """Else some accuracy, number of images or confidence would get another interval."""
    metrics = model_metrics(*answers(*counts), confidence=confidence)
    expected = wilson(*counts, confidence)
    assert (metrics["accuracy_low"], metrics["accuracy_high"]) == pytest.approx(expected, abs=1e-9)
    assert metrics["accuracy_low"] <= metrics["accuracy"] <= metrics["accuracy_high"]


def test_macro_f1_weighs_every_class_alike() -> None:
    """Else a rare class that is never found would hardly count."""
    by_class = [2 * 2 / (2 * 2 + 1 + 1), 2 * 1 / (2 * 1 + 2 + 1), 0]  # 2 TP / (2 TP + FP + FN)
    assert model_metrics(PROBABILITIES, LABELS, confidence=0.95)["macro_f1"] == pytest.approx(sum(by_class) / 3)


def test_log_loss_is_the_mean_cross_entropy_in_nats() -> None:
    """Else the number would not be comparable with the training's loss."""
    true = [0.7, 0.6, 0.2, 0.8, 0.4, 0.3]
    expected = -sum(map(log, true)) / 6
    assert model_metrics(PROBABILITIES, LABELS, confidence=0.95)["log_loss"] == pytest.approx(expected)


def test_a_class_without_test_images_still_counts_as_a_class() -> None:
    """Else a class that chance left out of the test part would shift the others, or stop the evaluation."""
    metrics = model_metrics(PROBABILITIES[:5], LABELS[:5], confidence=0.95)
    assert metrics["accuracy"] == 3 / 5
    assert metrics["log_loss"] == pytest.approx(-sum(map(log, [0.7, 0.6, 0.2, 0.8, 0.4])) / 5)
    assert metrics["macro_f1"] == pytest.approx((2 / 3 + 1 / 2 + 0) / 3)


def test_float32_probabilities_of_a_certain_model_give_finite_numbers() -> None:
    """Else a network's own output would stop the evaluation, or warn: it is float32 and may be exactly 0."""
    metrics = model_metrics(np.array([[1, 0], [1, 0]], np.float32), np.array([0, 1]), confidence=0.95)
    assert metrics["accuracy"] == 0.5
    assert np.isfinite(list(metrics.values())).all()


def test_each_class_has_its_row_also_one_that_is_never_predicted() -> None:
    """Else the class that a model never finds would be missing from the table that should show it."""
    table = per_class(PROBABILITIES, LABELS, ["cat", "dog", "owl"])
    assert list(table.columns) == ["label", "precision", "recall", "f1", "images"]
    assert table["label"].tolist() == ["cat", "dog", "owl"]
    assert table["images"].tolist() == [3, 2, 1]
    assert table["precision"].tolist() == pytest.approx([2 / 3, 1 / 3, 0])
    assert table["recall"].tolist() == pytest.approx([2 / 3, 1 / 2, 0])
    assert table["f1"].tolist() == pytest.approx([2 / 3, 2 / 5, 0])


def test_a_class_without_test_images_keeps_its_row() -> None:
    """Else the rows would stand beside the wrong names."""
    table = per_class(PROBABILITIES[:5], LABELS[:5], ["cat", "dog", "owl"])
    assert table["images"].tolist() == [3, 2, 0]
    assert table["recall"].tolist() == pytest.approx([2 / 3, 1 / 2, 0])
