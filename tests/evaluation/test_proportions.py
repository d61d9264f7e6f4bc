"""Wilson's interval, F1's by way of the Jaccard index, and the means over classes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest

from pixelproof.evaluation.proportions import F1_OF_JACCARD, ITSELF, Proportions, mean_interval, wilson

COUNTS = st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n)))


@given(COUNTS, st.floats(0.5, 0.999))
def test_the_interval_is_scipys(counts: tuple[int, int], confidence: float) -> None:
    """Else some share, number of images or confidence would get another interval than Wilson's."""
    hits, images = counts
    expected = binomtest(hits, images).proportion_ci(confidence, method="wilson")
    low, high = wilson(np.array(hits / images), np.array(images), confidence)
    assert (low, high) == pytest.approx((expected.low, expected.high), abs=1e-9)


def test_of_no_images_nothing_is_known() -> None:
    """Else a class without test photos would have a recall with an interval."""
    low, high = wilson(np.array([0.0]), np.array([0]), 0.95)
    assert (low[0], high[0]) == (0, pytest.approx(1, abs=1e-6))


@given(COUNTS)
def test_the_mean_of_one_class_has_wilsons_interval(counts: tuple[int, int]) -> None:
    """Else the means would follow another rule than the proportions that they are of."""
    hits, images = counts
    right = (np.arange(images) < hits)[:, None]
    shares = Proportions.of(right, np.ones_like(right), np.arange(images))
    low, high = wilson(shares.share, np.array([images]), 0.95)
    assert mean_interval(shares, ITSELF, np.array([True]), 0.95) == pytest.approx((low[0], high[0]), abs=1e-9)


@given(st.integers(0, 10**6), st.booleans())
def test_a_mean_lies_in_its_interval(seed: int, in_groups: bool) -> None:
    """Else the report would contradict itself, most of all for classes of one image, and for copies."""
    random = np.random.default_rng(seed)
    hits = random.random((12, 4)) < random.random(4)
    trials = hits | (random.random((12, 4)) < 0.4)
    groups = random.integers(3, size=12) if in_groups else np.arange(12)
    groups = np.unique(groups, return_inverse=True)[1]
    shares, counted = Proportions.of(hits, trials, groups), np.array([True, True, False, True])
    for curve in (ITSELF, F1_OF_JACCARD):
        low, high = mean_interval(shares, curve, counted, 0.95)
        assert 0 <= low <= curve.value(shares.share)[counted].mean() + 1e-12
        assert curve.value(shares.share)[counted].mean() - 1e-12 <= high <= 1
