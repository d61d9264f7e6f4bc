from math import log

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import (
    accuracy_score,
    average_precision_score,
    balanced_accuracy_score,
    brier_score_loss,
    f1_score,
    log_loss,
    precision_score,
    roc_auc_score,
)

from pixelproof.evaluation.metrics import (
    Answers,
    calibration_metrics,
    commonest_class,
    metric_values,
    model_metrics,
    per_class,
    resampled,
)

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


def measured(probabilities: np.ndarray, labels: np.ndarray, *, confidence: float = 0.95) -> dict[str, float | None]:
    """The metrics of images that are no copies of each other."""
    own = Answers(probabilities, labels, np.arange(len(labels)))
    return model_metrics(own, resampled(own, seed=1, resamples=50), confidence=confidence)


def table_of(probabilities: np.ndarray, labels: np.ndarray) -> pd.DataFrame:
    own = Answers(probabilities, labels, np.arange(len(labels)))
    return per_class(own, ["cat", "dog", "owl"], confidence=0.95)


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
    metrics = measured(*answers(right, images), confidence=confidence)
    assert metrics["accuracy"] == right / images
    assert (metrics["accuracy_low"], metrics["accuracy_high"]) == pytest.approx((low, high), abs=5e-5)


def test_macro_f1_weighs_every_class_alike() -> None:
    """Else a rare class that is never found would hardly count."""
    by_class = [2 * 2 / (2 * 2 + 1 + 1), 2 * 1 / (2 * 1 + 2 + 1), 0]  # 2 TP / (2 TP + FP + FN)
    assert measured(PROBABILITIES, LABELS)["macro_f1"] == pytest.approx(sum(by_class) / 3)


def test_log_loss_is_the_mean_cross_entropy_in_nats() -> None:
    """Else the number would not be comparable with the training's loss."""
    true = [0.7, 0.6, 0.2, 0.8, 0.4, 0.3]
    expected = -sum(map(log, true)) / 6
    assert measured(PROBABILITIES, LABELS)["log_loss"] == pytest.approx(expected)


def test_a_class_without_test_images_is_left_out_of_the_means() -> None:
    """Else a class that chance left out of the test part would count as never found, or stop the evaluation."""
    metrics = measured(PROBABILITIES[:5], LABELS[:5])
    assert metrics["accuracy"] == 3 / 5
    assert metrics["log_loss"] == pytest.approx(-sum(map(log, [0.7, 0.6, 0.2, 0.8, 0.4])) / 5)
    assert metrics["macro_f1"] == pytest.approx((2 / 3 + 1 / 2) / 2)
    assert metrics["balanced_accuracy"] == pytest.approx((2 / 3 + 1 / 2) / 2)


@given(st.integers(0, 10**6), st.integers(2, 4))
def test_the_metrics_are_scikit_learns(seed: int, classes: int) -> None:
    """Else a number would not be comparable with that of another program, or of a paper."""
    random = np.random.default_rng(seed)
    labels = np.concatenate([np.arange(classes), random.integers(classes, size=20)])
    shares = random.dirichlet(np.ones(classes), len(labels)).astype(np.float32)
    own = Answers(shares, labels, np.arange(len(labels)))
    true, predicted = own.true_class, own.predicted
    every = {"labels": np.arange(classes), "average": "macro", "zero_division": 0}
    expected = {
        "accuracy": accuracy_score(labels, predicted),
        "balanced_accuracy": balanced_accuracy_score(labels, predicted),
        "macro_precision": precision_score(labels, predicted, **every),
        "macro_f1": f1_score(labels, predicted, **every),
        "log_loss": log_loss(labels, shares, labels=np.arange(classes)),
        "brier": brier_score_loss(labels, shares, labels=np.arange(classes), scale_by_half=False),
        "roc_auc": roc_auc_score(true, shares, average="macro"),
        "average_precision": average_precision_score(true, shares, average="macro"),
    }
    assert metric_values(own) == pytest.approx(expected, abs=1e-5)


DEGENERATE = {
    "always right": (np.eye(3)[[0, 1, 2, 0, 1, 2]], [0, 1, 2, 0, 1, 2]),
    "always wrong": (np.eye(3)[[0, 1, 2, 0, 1, 2]], [1, 2, 0, 1, 2, 0]),
    "one image per class": (PROBABILITIES[[0, 3, 5]], [0, 1, 2]),
    "one class": (PROBABILITIES[:3], [0, 0, 0]),
    "one image": (PROBABILITIES[:1], [0]),
    "one answer to all": (np.full((4, 3), 1 / 3), [0, 1, 2, 0]),
    "two classes": (np.array([[1, 0], [1, 0]]), [0, 1]),
    "a sigmoid that is sure": (np.array([[0, 1], [1, 0], [0.5, 0.5]]), [1, 0, 1]),
}


@pytest.mark.parametrize("groups", ["each its own", "all copies of one"])
@pytest.mark.parametrize("case", DEGENERATE)
def test_degenerate_test_parts_have_metrics_in_their_intervals(case: str, groups: str) -> None:
    """Else a small set, or a network's output of exactly 0, would end in a traceback, a warning or NaN in JSON."""
    shares, labels = np.asarray(DEGENERATE[case][0], np.float32), np.array(DEGENERATE[case][1])
    numbers = np.arange(len(labels)) if groups == "each its own" else np.zeros(len(labels), int)
    own = Answers(shares, labels, numbers)
    found = model_metrics(own, resampled(own, seed=1, resamples=50), confidence=0.95)
    found |= calibration_metrics(own, 1.5, confidence=0.95, seed=1)
    nothing = {name for name, value in found.items() if value is None}
    assert nothing == ({"roc_auc", "roc_auc_low", "roc_auc_high"} if case in ("one class", "one image") else set())
    for name in ("accuracy", "balanced_accuracy", "macro_f1", "log_loss", "brier", "average_precision"):
        assert found[f"{name}_low"] <= found[name] + 1e-9
        assert found[name] <= found[f"{name}_high"] + 1e-9
    assert np.isfinite([value for value in found.values() if value is not None]).all()
    assert table_is_finite(own)


def table_is_finite(own: Answers) -> bool:
    table = per_class(own, list("abc")[: own.probabilities.shape[1]], confidence=0.95)
    return bool(np.isfinite(table.drop(columns="label").to_numpy(float)).all())


def test_always_naming_the_commonest_class_is_as_good_as_it_is_common() -> None:
    """Else 95 % on a set with 95 % cats would look like a good model."""
    own = Answers(PROBABILITIES, LABELS, np.arange(6))
    found = commonest_class(own, 0, confidence=0.95)
    assert found["accuracy"] == 0.5
    assert (found["accuracy_low"], found["accuracy_high"]) == pytest.approx((0.1876, 0.8124), abs=5e-5)


def test_the_draws_of_two_models_are_of_the_same_images() -> None:
    """Else a difference would have the spread of two test parts, and nothing could be told."""
    own = Answers(PROBABILITIES, LABELS, np.arange(6))
    samples = [resampled(own, seed=3, resamples=40) for _ in range(2)]
    for name in samples[0]:
        np.testing.assert_array_equal((samples[0][name] - samples[1][name]).draws, 0)


def test_each_class_has_its_row_also_one_that_is_never_predicted() -> None:
    """Else the class that a model never finds would be missing from the table that should show it."""
    table = table_of(PROBABILITIES, LABELS)
    ends = ("", "_low", "_high")
    names = [f"{name}{end}" for name in ("precision", "recall", "f1") for end in ends]
    assert list(table.columns) == ["label", *names, "images"]
    assert table["label"].tolist() == ["cat", "dog", "owl"]
    assert table["images"].tolist() == [3, 2, 1]
    assert table["precision"].tolist() == pytest.approx([2 / 3, 1 / 3, 0])
    assert table["recall"].tolist() == pytest.approx([2 / 3, 1 / 2, 0])
    assert table["f1"].tolist() == pytest.approx([2 / 3, 2 / 5, 0])


def test_a_class_without_test_images_keeps_its_row() -> None:
    """Else the rows would stand beside the wrong names."""
    table = table_of(PROBABILITIES[:5], LABELS[:5])
    assert table["images"].tolist() == [3, 2, 0]
    assert table["recall"].tolist() == pytest.approx([2 / 3, 1 / 2, 0])
