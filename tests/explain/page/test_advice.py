"""What to do next is computed from the reports: for each planted fault its remedy, and no other."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from pixelproof.explain.page.advice import MOST, NOTHING, add_test_photos, next_steps
from pixelproof.explain.page.reports import Reports
from tests.support.reports import plant, surely

CLASSES = ("cat", "dog", "<b>owl</b>")
LABELS = [0] * 40 + [1] * 40 + [2] * 40


def wrong_on(positions: list[int], share: float = 0.99) -> np.ndarray:
    """Return surely right answers, but for some photos, which are taken for the next class with `share`."""
    predicted, shares = np.array(LABELS), surely(LABELS, 3)
    predicted[positions] = (predicted[positions] + 1) % 3
    shares[positions] = surely(predicted[positions].tolist(), 3, share)
    return shares


def planted(cnn: list[int], mlp: list[int], share: float = 0.99, **reports: object) -> Reports:
    """Return reports on a CNN and an MLP that are wrong on these photos."""
    return plant(LABELS, wrong_on(cnn, share), wrong_on(mlp), CLASSES, **reports)  # type: ignore[arg-type]  # of several types


def suspects(*ids: str) -> pd.DataFrame:
    rows = [(id, "cat", "dog", "0.01", "looks like dog (99%)") for id in ids]
    return pd.DataFrame([*rows, ("z", "cat", "", "1.0", "")], columns=["path", "label", "suggested", "score", "reason"])


MLP_BEHIND = list(range(0, 120, 4))  # 30 mistakes, of all classes


def titles(reports: Reports) -> list[str]:
    return [step.title for step in next_steps(reports)]


def test_a_network_without_a_fault_needs_nothing() -> None:
    """Advice that is given whatever the numbers are would be worthless."""
    assert next_steps(planted([3], MLP_BEHIND)) == [NOTHING]


def test_suspected_labels_are_to_be_checked_and_counted() -> None:
    """A wrong label is the cheapest mistake to mend: it is there already. Bad pictures are no wrong labels."""
    table = pd.concat([suspects("a", "b"), suspects("c").head(1).assign(suggested="", reason="dark")])
    (step,) = next_steps(planted([3], MLP_BEHIND, suspects=table))
    assert step.title == "Check 2 suspected labels"
    assert step.anchor == "suspects"
    assert step.mends == pytest.approx(2 / 220)  # of the test and validation photos
    assert "1 suspected label" in titles(planted([3], MLP_BEHIND, suspects=suspects("a")))[0]


def test_a_class_that_is_found_less_often_needs_photos() -> None:
    """Twelve of forty owls are missed: 70 % (55 to 82), against 90 % of all photos."""
    (step,) = next_steps(planted(list(range(80, 92)), MLP_BEHIND))
    assert step.title == "Add photos of <b>owl</b>"
    assert "70.0\u00a0% of <b>owl</b>" in step.why
    assert "learnt from 100 photos" in step.why
    assert step.mends == pytest.approx(12 / 120)


def test_classes_with_few_test_photos_are_named_with_their_numbers() -> None:
    """Nobody can say how good a network is at a class with two photos."""
    labels = [0] * 60 + [1] * 60 + [2] * 2
    shares = surely(labels, 3)
    wrong = surely([1 - label if number % 4 == 0 else label for number, label in enumerate(labels[:120])], 3)
    (step,) = next_steps(plant(labels, shares, np.vstack([wrong, shares[120:]]), CLASSES))
    assert step.title == "Add photos of <b>owl</b>"
    assert "<b>owl</b> (100 to learn from, 2 to test)" in step.why


@pytest.mark.parametrize(
    ("valid_loss", "longer"),
    [
        ((0.9, 0.8, 0.7, 0.6, 0.5, 0.4), True),
        ((0.9, 0.8), True),
        ((0.9, 0.5, 0.4, 0.6, 0.7, 0.8), False),
        ((0.4,), False),
    ],
)
def test_training_goes_on_only_where_the_loss_was_still_falling(valid_loss: tuple[float, ...], longer: bool) -> None:
    """Training longer is advised by everybody, and often in vain. Of one epoch nothing falls."""
    assert ("Train longer: raise train.epochs" in titles(planted([3], MLP_BEHIND, valid_loss=valid_loss))) == longer


def test_photos_like_the_unsure_ones_are_wanted_where_the_mistakes_are_among_them() -> None:
    """Two mistakes were made with 55 %, less than the 60 % that a class needs to be possible."""
    reports = planted([0, 50], MLP_BEHIND, share=0.55)
    (step,) = next_steps(reports)
    assert step.title == "Add photos like those it is unsure of"
    assert "unsure of 2 of 120 test photos, and all of its 2 mistakes are among them" in step.why
    assert step.mends == pytest.approx(2 / 120)


def test_an_undecided_verdict_asks_for_more_test_photos_and_says_how_many() -> None:
    """Else a reader would take a difference of one photo for a result."""
    reports = planted([3, 50], [3, 50, 100, 110])
    found = reports.metrics["comparison"]
    assert found["mcnemar_p"] == 0.5
    step = next_steps(reports)[-1]
    half = (found["accuracy_difference_high"] - found["accuracy_difference_low"]) / 2
    needed = 120 * (half / (2 / 120)) ** 2
    assert needed > 120
    assert f"about {int(-(-needed // 10) * 10):,} test photos would" in step.why
    assert "about equal" in add_test_photos(planted([3], [3])).why  # type: ignore[union-attr]


def test_a_better_mlp_is_recommended() -> None:
    """An honest page says so."""
    assert "Use the MLP" in titles(planted(MLP_BEHIND, [3]))
    assert "Use the MLP" not in titles(planted([3], MLP_BEHIND))


def test_a_network_that_learnt_nothing_is_told_first() -> None:
    """All other advice would be beside the point."""
    always_first = surely([0] * 120, 3)
    assert titles(plant(LABELS, always_first, always_first, CLASSES))[0] == "Find out why it learns nothing"


def test_too_few_test_photos_to_beat_chance_are_no_failure_of_the_network() -> None:
    """Four of four are right; the interval begins at 51 %, and the commonest class is right on three."""
    few = plant([0, 0, 0, 1], surely([0, 0, 0, 1], 2), surely([0, 0, 0, 1], 2), ("cat", "dog"))
    said = {step.title: step for step in next_steps(few)}
    assert "Find out why it learns nothing" not in said
    assert "4 test photos cannot tell it from always naming" in said["Add photos, for testing too"].why
    assert said["Add photos, for testing too"].mends == pytest.approx(1 - few.own["accuracy_low"])


def test_at_most_three_steps_those_that_mend_most_first() -> None:
    """A list of eight is not read."""
    table = suspects(*map(str, range(30)))
    reports = planted(list(range(80, 92)), [3], share=0.55, suspects=table, valid_loss=(0.9, 0.8))
    steps = next_steps(reports)
    assert len(steps) == MOST
    assert [step.mends for step in steps] == sorted((step.mends for step in steps), reverse=True)
    assert steps[0].title == "Check 30 suspected labels"


def test_a_class_without_test_photos_breaks_nothing() -> None:
    """Its recall cannot be measured, and is an empty cell."""
    reports = plant([0] * 60 + [1] * 60, surely(LABELS[:40] * 3, 3), surely([0] * 60 + [1] * 60, 3), CLASSES)
    assert np.isnan(reports.per_class["recall"].iloc[2])
    assert all("nan" not in step.why for step in next_steps(replace(reports, suspects=suspects("a"))))
