from math import comb
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixelproof.evaluation.bootstrap import Sample
from pixelproof.evaluation.comparison import compare, differences, verdict

PAIRS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)


def right(both: int, only_cnn: int, only_mlp: int, neither: int) -> tuple[np.ndarray, np.ndarray]:
    """Who was right on each image, from how many images of each kind there are."""
    counts = [both, only_cnn, only_mlp, neither]
    return np.repeat([True, True, False, False], counts), np.repeat([True, False, True, False], counts)


def test_mcnemars_exact_p_is_the_golden_number() -> None:
    """Else the verdict would rest on another test than the report names."""
    found = compare(*right(713, 20, 5, 12))
    assert round(found["mcnemar_p"], 6) == 0.004077
    assert found["accuracy_difference"] == pytest.approx(0.02)
    assert found["images"] == 750


@pytest.mark.parametrize(("only_cnn", "only_mlp"), [(20, 5), (5, 20), (6, 0), (1, 0), (3, 4), (12, 2)])
def test_p_is_the_share_of_coin_throws_that_are_at_least_as_uneven(only_cnn: int, only_mlp: int) -> None:
    """Else p would not be what the docstring says: the two-sided binomial test with a fair coin."""
    throws, distance = only_cnn + only_mlp, abs(only_cnn - only_mlp)
    as_uneven = sum(comb(throws, heads) for heads in range(throws + 1) if abs(2 * heads - throws) >= distance)
    assert compare(*right(3, only_cnn, only_mlp, 3))["mcnemar_p"] == pytest.approx(as_uneven / 2**throws)


@pytest.mark.parametrize(("both", "neither"), [(10, 0), (0, 10), (4, 6)])
def test_p_is_1_where_the_models_never_disagree(both: int, neither: int) -> None:
    """Else two equal models would stop the evaluation: a binomial test needs at least one throw."""
    found = compare(*right(both, 0, 0, neither))
    assert (found["mcnemar_p"], found["accuracy_difference"]) == (1.0, 0.0)


def test_even_disagreement_says_nothing() -> None:
    """Else two models of the same accuracy would differ."""
    assert compare(*right(1, 7, 7, 1))["mcnemar_p"] == pytest.approx(1)


@given(PAIRS)
def test_every_image_is_counted_once(pairs: list[tuple[bool, bool]]) -> None:
    """Else the four counts would not be a table of all test images."""
    cnn, mlp = np.array(pairs).T
    found = compare(cnn, mlp)
    counts = [found[key] for key in ("both_right", "only_cnn_right", "only_mlp_right", "both_wrong")]
    assert sum(counts) == found["images"] == len(pairs)
    assert counts == [pairs.count(kind) for kind in [(True, True), (True, False), (False, True), (False, False)]]
    assert found["accuracy_difference"] == pytest.approx(cnn.mean() - mlp.mean())
    assert 0 < found["mcnemar_p"] <= 1


@given(PAIRS)
def test_swapping_the_models_changes_the_sign_alone(pairs: list[tuple[bool, bool]]) -> None:
    """Else the comparison would favour the model that is named first."""
    cnn, mlp = np.array(pairs).T
    found, swapped = compare(cnn, mlp), compare(mlp, cnn)
    assert swapped["accuracy_difference"] == -found["accuracy_difference"]
    assert swapped["mcnemar_p"] == pytest.approx(found["mcnemar_p"])
    assert swapped["only_cnn_right"] == found["only_mlp_right"]


def test_the_result_can_be_written_as_json() -> None:
    """Else reports/metrics.json could not be written: numpy's own numbers are no JSON."""
    assert {type(value) for value in compare(*right(1, 2, 3, 4)).values()} == {int, float}


def found(difference: float, low: float, high: float, p: float, confidence: float = 0.95) -> dict[str, Any]:
    """The comparison in a reports/metrics.json."""
    ends = {"accuracy_difference_low": low, "accuracy_difference_high": high}
    counts = {"images": 1750, "only_cnn_right": 20, "only_mlp_right": 5}
    return {**counts, "accuracy_difference": difference, **ends, "mcnemar_p": p, "confidence": confidence}


def test_the_verdict_names_the_counts_the_difference_and_p() -> None:
    """Else the sentence could not be checked against the report."""
    assert verdict(found(0.02, 0.0064, 0.0336, 0.004077)) == (
        "On the same 1,750 test images only the CNN was right on 20, only the MLP on 5: the CNN is ahead of the MLP by "
        "2.0 points of accuracy (95% interval +0.6 to +3.4; McNemar's exact p = 0.0041), more than chance explains."
    )


def test_the_verdict_names_the_model_that_is_ahead() -> None:
    """Else a better baseline would be hidden by a sign."""
    assert verdict(found(-0.02, -0.0336, -0.0064, 0.004), "run 1", "run 2").endswith(
        "the run 2 is ahead of the run 1 by 2.0 points of accuracy (95% interval +0.6 to +3.4; McNemar's exact "
        "p = 0.004), more than chance explains."
    )


def test_a_verdict_that_cannot_tell_says_how_large_the_difference_may_be() -> None:
    """Else "no difference found" would be read as "no difference", however few the photos are."""
    assert verdict(found(0.008, -0.012, 0.028, 0.56)).endswith(
        "which chance can explain (McNemar's exact p = 0.56): these images cannot tell which is better; the CNN's "
        "accuracy less the MLP's may be anything from -1.2 to +2.8 points."
    )


@pytest.mark.parametrize(
    ("p", "confidence", "certain"),
    [(0.0041, 0.95, True), (0.06, 0.95, False), (0.0041, 0.999, False), (0.06, 0.9, True)],
)
def test_the_verdict_follows_p_and_the_confidence(p: float, confidence: float, certain: bool) -> None:
    """Else chance would be sold as a finding, or a finding as chance."""
    assert ("more than chance explains" in verdict(found(0.02, 0.001, 0.04, p, confidence))) is certain


def test_two_models_that_never_disagree_may_still_differ() -> None:
    """Else ten photos would prove two models equal, where 0 of 10 may be 0.28."""
    same = {"accuracy": Sample(0.8, np.full(20, 0.8))}
    between = differences(same, same, 10, confidence=0.95)
    assert between["accuracy_difference"] == 0
    low, high = between["accuracy_difference_low"], between["accuracy_difference_high"]
    assert -low == high == pytest.approx(0.2775, abs=1e-3)


def test_what_cannot_be_measured_has_no_difference() -> None:
    """Else reports/metrics.json would have NaN, which is no JSON."""
    assert (
        differences(
            {"roc_auc": Sample(np.nan, np.full(3, np.nan))}, {"roc_auc": Sample(0.5, np.ones(3))}, 3, confidence=0.9
        )
        == {}
    )
