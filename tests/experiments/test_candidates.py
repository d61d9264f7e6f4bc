"""The networks that are compared have the sizes that they are said to have."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from pixelproof.errors import UserError
from pixelproof.experiments.candidates import NEAR, candidates, matched_hidden
from pixelproof.network.plan.plan import plan_mlp
from pixelproof.params.mlp import Mlp
from pixelproof.params.whole import load_params
from tests.support.imports import ROOT


def parameters(hidden: list[int], shape: tuple[int, int, int], classes: int) -> int:
    return plan_mlp(Mlp(hidden=hidden, activation="relu", l2=0.0, learning_rate=0.1), shape, classes).parameters


@given(st.integers(1, 40), st.sampled_from([1, 3]), st.integers(2, 30), st.integers(5_000, 3_000_000))
def test_the_matched_mlp_has_as_many_parameters_within_one_percent(
    side: int, channels: int, classes: int, wanted: int
) -> None:
    """Else "as large as the CNN" would not be true."""
    shape = side, side, channels
    assume(wanted > 3 * parameters([1], shape, classes))
    assert abs(parameters(matched_hidden(wanted, shape, classes), shape, classes) - wanted) <= NEAR * wanted


def test_the_articles_photos_need_two_hidden_layers() -> None:
    """49,153 parameters a unit: no single layer comes near the 853,281 of the cats-and-dogs network."""
    hidden = matched_hidden(853_281, (128, 128, 3), 2)
    assert len(hidden) == 2
    assert parameters(hidden, (128, 128, 3), 2) == pytest.approx(853_281, rel=NEAR)


def test_a_cnn_that_is_smaller_than_any_mlp_is_named() -> None:
    """The article's network of 219,801 parameters on 300 pixels, and smaller ones, have no MLP as small."""
    with pytest.raises(UserError, match="no MLP on images of 300 x 300 x 3 has 10,541 parameters"):
        matched_hidden(10_541, (300, 300, 3), 2)


def test_the_candidates_of_the_real_params() -> None:
    """The CNN comes first, and all MLPs but for their size are that of params.yaml."""
    params = load_params(ROOT / "params.yaml")
    found = candidates(params, [10, 30], (28, 28, 1), 10)
    assert [candidate.name for candidate in found[:2]] == ["CNN", "MLP of params.yaml"]
    assert [candidate.plan.parameters for candidate in found] == [29_402, 79_510, 7_960, 23_860, 29_425]
    assert {candidate.mlp.learning_rate for candidate in found if candidate.mlp} == {params.mlp.learning_rate}
