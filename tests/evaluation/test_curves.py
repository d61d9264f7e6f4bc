import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

from pixelproof.evaluation.curves import POINTS, confusion, precision_recall, roc


def answers(images: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities that are somewhat better than chance, and the labels."""
    rng = np.random.default_rng(0)
    labels = np.arange(images) % classes
    scores = rng.random((images, classes)) + 0.5 * (np.arange(classes) == labels[:, None])
    return scores / scores.sum(axis=1, keepdims=True), labels


CASES = pytest.mark.parametrize("classes", [2, 3])


def test_confusion_has_a_row_per_image_with_the_names_of_the_classes() -> None:
    """Else DVC's confusion plot would show numbers, or count wrongly."""
    table = confusion(np.array([[0.9, 0.1], [0.2, 0.8], [0.6, 0.4]]), np.array([0, 1, 1]), ["cat", "dog"])
    assert table.to_dict("list") == {"actual": ["cat", "dog", "dog"], "predicted": ["cat", "dog", "cat"]}


def test_the_curves_of_four_images_are_those_by_hand() -> None:
    """Else the curves would be of the first class, or of other thresholds: here 0.9, 0.6, 0.4, 0.1 for the second."""
    second = np.array([0.9, 0.6, 0.4, 0.1])
    probabilities, labels = np.column_stack([1 - second, second]), np.array([1, 0, 1, 0])
    assert roc(probabilities, labels).to_numpy().tolist() == [[0, 0], [0, 0.5], [0.5, 0.5], [0.5, 1], [1, 1]]
    expected = np.array([[1, 0.5], [1, 2 / 3], [0.5, 0.5], [0.5, 1], [0, 1]])
    np.testing.assert_allclose(precision_recall(probabilities, labels).to_numpy(), expected)


@CASES
def test_a_roc_curve_goes_from_nothing_to_everything(classes: int) -> None:
    """Else the plot would lack its ends, or go backwards."""
    curve = roc(*answers(60, classes))
    assert list(curve.columns) == ["false_positive_rate", "true_positive_rate"]
    assert curve.iloc[0].tolist() == [0, 0]
    assert curve.iloc[-1].tolist() == [1, 1]
    assert curve["false_positive_rate"].is_monotonic_increasing
    assert curve["true_positive_rate"].is_monotonic_increasing


@CASES
def test_a_precision_recall_curve_goes_from_all_to_none(classes: int) -> None:
    """Else the plot would lack its ends: everything taken, at the class's own share, and nothing taken."""
    curve = precision_recall(*answers(60, classes))
    assert list(curve.columns) == ["recall", "precision"]
    assert curve.iloc[0].tolist() == pytest.approx([1, 1 / classes])
    assert curve.iloc[-1].tolist() == [0, 1]
    assert curve["recall"].is_monotonic_decreasing


def test_several_classes_are_pooled() -> None:
    """Else the curve would be of one class only: all n x classes answers count, each class against the rest."""
    probabilities, labels = answers(40, 3)
    expected = roc_auc_score(np.eye(3)[labels].ravel(), probabilities.ravel())
    assert area(roc(probabilities, labels)) == pytest.approx(expected)


def area(curve: pd.DataFrame) -> float:
    return float(np.trapezoid(curve["true_positive_rate"], curve["false_positive_rate"]))


@CASES
def test_a_long_curve_is_thinned_and_keeps_its_ends_and_its_area(classes: int) -> None:
    """Else reports/plots would grow with the number of photos, or show another curve."""
    probabilities, labels = answers(6000, classes)
    curve, other = roc(probabilities, labels), precision_recall(probabilities, labels)
    assert (len(curve), len(other)) == (POINTS, POINTS)
    assert [curve.iloc[row].tolist() for row in (0, -1)] == [[0, 0], [1, 1]]
    assert [other.iloc[row]["recall"] for row in (0, -1)] == [1, 0]
    whole = roc_auc_score(np.eye(classes)[labels].ravel(), probabilities.ravel())
    if classes == 2:
        whole = roc_auc_score(labels, probabilities[:, 1])
    assert area(curve) == pytest.approx(whole, abs=0.002)


def test_a_short_curve_keeps_every_point() -> None:
    """Else a small test part would lose points, or have some twice."""
    probabilities, labels = answers(30, 2)
    curve = precision_recall(probabilities, labels)
    assert len(curve) == len(np.unique(probabilities[:, 1])) + 1
    assert not curve.index.duplicated().any()
