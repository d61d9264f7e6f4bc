"""The learning curve: nested shares, and the power law through error rates."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixelproof.experiments.learning_curve import PowerLaw, extrapolated, fit_power_law, nested_share

PHOTOS = np.array([100.0, 200, 500, 1000, 2000])


@given(st.lists(st.integers(0, 3), min_size=4, max_size=80), st.floats(0.05, 1), st.floats(0.05, 1))
def test_shares_are_nested_and_keep_the_classes(labels: list[int], one: float, other: float) -> None:
    """Else a curve would show the luck of the draw, or a class would vanish."""
    array = np.array(labels)
    smaller, larger = (set(nested_share(array, share, seed=3)) for share in sorted((one, other)))
    assert smaller <= larger
    for label in set(labels):
        count = labels.count(label)
        assert sum(array[list(larger)] == label) == max(1, round(max(one, other) * count))


@pytest.mark.parametrize("law", [PowerLaw(0.02, 2.0, 0.5), PowerLaw(0.0, 1.0, 0.3), PowerLaw(0.1, 20.0, 1.0)])
def test_the_law_that_made_the_points_is_found(law: PowerLaw) -> None:
    """Least squares through exact points has one solution."""
    found = fit_power_law(PHOTOS, law.error(PHOTOS))
    np.testing.assert_allclose(found.error(PHOTOS), law.error(PHOTOS), atol=1e-4)
    assert found.error(np.array(4000.0)) == pytest.approx(law.error(np.array(4000.0)), abs=2e-3)


@pytest.mark.slow  # 400 fits
def test_the_interval_holds_the_truth_and_shrinks_with_more_test_photos() -> None:
    """Else "twice the photos" would promise what nobody can know."""
    law, rng = PowerLaw(0.02, 2.0, 0.5), np.random.default_rng(1)
    truth = float(law.error(np.array(4000.0)))
    widths = []
    for images in (300, 3000):
        wrong = rng.random((len(PHOTOS), images)) < law.error(PHOTOS)[:, None]
        error, low, high = extrapolated(PHOTOS, wrong, 4000, seed=1)
        assert low <= truth <= high
        assert low <= error <= high
        widths.append(high - low)
    assert widths[1] < widths[0]
