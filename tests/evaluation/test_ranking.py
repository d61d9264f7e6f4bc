"""The areas under the curves, against scikit-learn's."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from pixelproof.evaluation.ranking import Ranking

CASES = st.lists(st.tuples(st.integers(0, 5), st.booleans(), st.integers(0, 3)), min_size=2, max_size=40)


@given(CASES)
def test_weighted_areas_are_scikit_learns(cases: list[tuple[int, bool, int]]) -> None:
    """Else a resample would be measured otherwise than the test part: ties and images drawn twice included."""
    scores, positive, weights = (np.array(column) for column in zip(*cases, strict=True))
    area, precision = Ranking.of(scores, positive).areas(weights[None].astype(np.float32))
    drawn = np.repeat(np.arange(len(scores)), weights)
    if positive[drawn].any():
        assert precision[0] == pytest.approx(average_precision_score(positive[drawn], scores[drawn]), abs=1e-6)
    if len(set(positive[drawn])) == 2:
        assert area[0] == pytest.approx(roc_auc_score(positive[drawn], scores[drawn]), abs=1e-6)


def test_a_class_that_was_not_drawn_has_no_area() -> None:
    """Else it would count as 0 and pull the mean down."""
    area, precision = Ranking.of(np.array([0.9, 0.1]), np.array([True, False])).areas(np.array([[0, 2]], np.float32))
    assert np.isnan([area[0], precision[0]]).all()
