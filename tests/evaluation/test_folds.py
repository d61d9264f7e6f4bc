"""Figures over folds, and the corrected resampled t-test."""

import numpy as np
import pytest
from scipy.stats import ttest_1samp
from sklearn.datasets import make_moons
from sklearn.model_selection import RepeatedStratifiedKFold, cross_val_score
from sklearn.svm import SVC

from pixelproof.evaluation.folds import corrected_t_test, pooled
from pixelproof.evaluation.metrics import Answers


def test_the_test_gives_the_numbers_of_scikit_learns_worked_example() -> None:
    """ "Statistical comparison of models using grid search" prints t = 0.750 and one-sided p = 0.227 for these two."""
    features, labels = make_moons(noise=0.352, random_state=1, n_samples=100)
    folds = RepeatedStratifiedKFold(n_splits=10, n_repeats=10, random_state=0)
    curved, straight = (
        cross_val_score(SVC(kernel=kernel, random_state=0), features, labels, scoring="roc_auc", cv=folds)
        for kernel in ("rbf", "linear")
    )
    found = corrected_t_test(curved - straight, train=90, test=10, confidence=0.95)
    assert found.p / 2 == pytest.approx(0.227, abs=5e-4)
    half = (found.high - found.low) / 2
    assert found.mean / (half / 1.984217) == pytest.approx(0.750, abs=5e-4)  # Student's t, 99 degrees of freedom


def test_without_the_correction_it_would_be_students_test() -> None:
    """Else something else than the factor would differ: a test part of nothing has no overlap to correct."""
    differences = np.array([0.01, 0.03, -0.01, 0.02, 0.04])
    found = corrected_t_test(differences, train=100, test=0, confidence=0.9)
    expected = ttest_1samp(differences, 0)
    interval = expected.confidence_interval(0.9)
    assert found.p == pytest.approx(expected.pvalue)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))


def test_the_interval_leaves_out_0_where_p_says_so() -> None:
    """Else the report would say both that the models differ and that they may not."""
    for seed in range(200):
        differences = np.random.default_rng(seed).normal(0.02, 0.02, size=5)
        found = corrected_t_test(differences, train=80, test=20, confidence=0.95)
        assert (found.p < 0.05) == (not found.low <= 0 <= found.high)


@pytest.mark.parametrize(("value", "p"), [(0.0, 1.0), (0.1, 0.0)])
def test_folds_that_all_agree_have_no_spread(value: float, p: float) -> None:
    """Else two equal models would end in a division by 0."""
    found = corrected_t_test(np.full(5, value), train=80, test=20, confidence=0.95)
    assert (found.mean, found.low, found.high, found.p) == (value, value, value, p)


def test_one_fold_is_none() -> None:
    """Else the deviation of one number would be NaN."""
    with pytest.raises(ValueError, match="two folds or more, not 1"):
        corrected_t_test(np.array([0.1]), train=80, test=20, confidence=0.95)


def fold(names: str) -> tuple[Answers, np.ndarray]:
    """Photos named by letters; `a` and `A` are copies."""
    shares = np.tile(np.array([[0.6, 0.4]], np.float32), (len(names), 1))
    groups = np.array([name.lower() for name in names])
    return Answers(shares, np.zeros(len(names), int), np.unique(groups, return_inverse=True)[1], tuple(names)), groups


def test_folds_are_pooled_into_one_test_part() -> None:
    """Else each photo would not count once, or copies would count as photos of their own."""
    (first, one), (second, two) = fold("aAb"), fold("cd")
    both = pooled([first, second], [one, two])
    assert both.ids == ("a", "A", "b", "c", "d")
    assert both.groups.tolist() == [0, 0, 1, 2, 3]
    assert len(both.probabilities) == len(both.labels) == 5


@pytest.mark.parametrize("names", ["bc", "Ac"])
def test_folds_that_overlap_are_refused(names: str) -> None:
    """Else a photo, or its copy, would be counted twice: these are two runs on one test part, not two folds."""
    (first, one), (second, two) = fold("ab"), fold(names)
    with pytest.raises(ValueError, match="folds overlap"):
        pooled([first, second], [one, two])
