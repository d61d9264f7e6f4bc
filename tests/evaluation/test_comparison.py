from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixelproof.evaluation.comparison import compare

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
