"""The summary says what the numbers say, in words."""

import numpy as np
import pytest

from pixelproof.evaluation.table import verdict
from pixelproof.explain.page.reports import Reports
from pixelproof.explain.page.summary import summary
from pixelproof.explain.page.words import UNKNOWN, between, counted, listed, percent
from tests.support.reports import plant, surely

LABELS = [0] * 90 + [1] * 10


def reports(mistakes: int = 4, **more: float | None) -> Reports:
    """Return reports on a CNN with mistakes in class 0, and on an MLP that is always right."""
    predicted = [1] * mistakes + LABELS[mistakes:]
    return plant(LABELS, surely(predicted, 2), surely(LABELS, 2), ("cat", "dog"), more=more)


def test_the_answer_with_its_interval_and_what_it_is_compared_with() -> None:
    """96 of 100; Wilson's interval is 90.2 to 98.4 %, as in any table of it."""
    said = summary(reports())
    assert (said["accuracy"], said["interval"]) == ("96.0\u00a0%", "90.2 to 98.4\u00a0%")
    assert (said["photos"], said["wrong"], said["confidence"]) == (100, "4 mistakes", "95 %")
    assert [(bar.kind, bar.share) for bar in said["bars"]] == [("cnn", 0.96), ("mlp", 1.0), ("commonest", 0.9)]
    assert said["verdict"] == verdict(dict(reports().metrics))


@pytest.mark.parametrize(("mistakes", "says"), [(0, "no mistake"), (1, "1 mistake"), (2, "2 mistakes")])
def test_mistakes_are_counted(mistakes: int, says: str) -> None:
    """100.0 % may hide one."""
    assert summary(reports(mistakes))["wrong"] == says


def test_the_mean_over_classes_is_told_where_it_is_another() -> None:
    """Nine of ten photos are of one class: missing half of the other costs 5 points of accuracy, and 25 of the mean."""
    predicted = [0] * 95 + [1] * 5
    uneven = plant(LABELS, surely(predicted, 2), surely(LABELS, 2), ("cat", "dog"))
    assert "75.0\u00a0%" in summary(uneven)["balanced"]
    assert summary(reports(0))["balanced"] == ""


@pytest.mark.parametrize(
    ("low", "temperature", "says"),
    [(0.0, 2.0, "they mean what they say"), (0.02, 2.0, "too sure"), (0.02, 0.5, "too modest")],
)
def test_calibration_is_judged_by_its_interval(low: float, temperature: float, says: str) -> None:
    """A temperature above 1 makes a network less sure, which it needs if it was too sure."""
    more = {"calibration_error": 0.03, "calibration_error_low": low, "temperature": temperature}
    assert says in summary(reports(**more))["sure"][0]


@pytest.mark.parametrize(
    ("low", "high", "says"), [(0.8, 0.85, "fewer than"), (0.85, 0.95, "in line with"), (0.93, 0.99, "more than")]
)
def test_whether_the_promised_coverage_was_kept(low: float, high: float, says: str) -> None:
    """90 % was promised."""
    sentence = summary(reports(set_coverage_low=low, set_coverage_high=high, set_none=0.1))["sure"][1]
    assert f"{says} the promised 90 %" in sentence
    assert "sure of none for 10.0\u00a0%" in sentence
    assert "several" not in sentence


def test_what_could_not_be_measured_is_left_out_or_called_so() -> None:
    """`None` and `nan` are no words."""
    said = summary(reports(calibration_error=None, set_coverage=None, roc_auc=None, unlike_share=None))
    assert said["sure"] == []
    assert "None" not in str(said)
    assert percent(None) == percent(np.nan) == between(None, 1.0) == between(np.nan, 1.0) == UNKNOWN


def test_photos_unlike_the_training_photos_are_told() -> None:
    """They are the ones on which no figure here holds."""
    assert "3.0\u00a0% of the test photos look unlike" in summary(reports(unlike_share=0.03))["sure"][-1]


def test_words() -> None:
    """Lists and plurals as people write them."""
    assert [listed("abcde"[:n]) for n in range(5)] == ["", "a", "a and b", "a, b and c", "a, b, c and 1 more"]
    assert [counted(1, "photo"), counted(1200, "photo"), counted(2, "copy")] == ["1 photo", "1,200 photos", "2 copies"]
