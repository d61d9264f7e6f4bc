"""Calibration error, Brier score and temperature, against worked examples and scikit-learn."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_iris
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss

from pixelproof.evaluation.calibration import (
    TEMPERATURES,
    bin_numbers,
    calibration_error,
    calibration_interval,
    fit_temperature,
)
from pixelproof.evaluation.temperature import scale
from tests.support.answered import simulated


def test_the_calibration_error_is_torchmetrics_example() -> None:
    """The example in TorchMetrics' documentation of MulticlassCalibrationError: three bins, norm l1, 0.2."""
    shares = np.array([[0.25, 0.20, 0.55], [0.55, 0.05, 0.40], [0.10, 0.30, 0.60], [0.90, 0.05, 0.05]])
    assert calibration_error(shares, np.array([0, 1, 2, 0]), bins=3) == pytest.approx(0.2)


def test_the_error_by_hand() -> None:
    """Two bins: three images at 0.6 of which one is right, one at 1 that is right: (3 x 0.6 - 1) / 4."""
    shares = np.array([[0.4, 0.6]] * 3 + [[0.0, 1.0]])
    assert calibration_error(shares, np.array([1, 0, 0, 1])) == pytest.approx(0.2)


def test_a_confidence_on_an_edge_belongs_to_the_bin_below() -> None:
    """Else 0 and 1 would fall outside, and bins of equal confidence would be torn by rounding."""
    assert bin_numbers(np.array([0.0, 0.2, 0.21, 0.4, 1.0]), bins=5).tolist() == [0, 0, 1, 1, 4]


def test_the_temperature_is_scikit_learns() -> None:
    """Else it would not be the one with the least loss: CalibratedClassifierCV(method="temperature") fits the same."""
    features, labels = load_iris(return_X_y=True)
    features = features + np.random.default_rng(0).normal(size=features.shape)
    model = LogisticRegression(C=100, max_iter=5000).fit(features[::2], labels[::2])
    fitted = CalibratedClassifierCV(FrozenEstimator(model), method="temperature").fit(features[1::2], labels[1::2])
    temperature = fit_temperature(model.predict_proba(features[1::2]), labels[1::2])
    expected = fitted.predict_proba(features[1::2])
    np.testing.assert_allclose(scale(model.predict_proba(features[1::2]), temperature), expected, atol=2e-3)


@pytest.mark.parametrize("sharpness", [0.5, 1.0, 2.0])
def test_the_temperature_of_a_simulated_model_is_known(sharpness: float) -> None:
    """Else the answers would stay too sure: with equal classes the best temperature is the sharpness."""
    own = simulated(50_000, 1, sharpness=sharpness, shares=(0.5, 0.5))
    assert fit_temperature(own.probabilities, own.labels) == pytest.approx(sharpness, rel=0.03)


@given(st.integers(0, 10**6), st.floats(0.3, 3))
def test_the_fitted_temperature_has_the_least_loss_and_changes_no_answer(seed: int, other: float) -> None:
    """Else calibrating would make the log loss worse, or another class the likeliest."""
    own = simulated(60, seed)
    temperature = fit_temperature(own.probabilities, own.labels)
    best, another = (
        log_loss(own.labels, scale(own.probabilities, each), labels=[0, 1, 2]) for each in (temperature, other)
    )
    assert best <= another + 1e-4
    ordered = np.sort(own.probabilities, axis=1)
    clear = ordered[:, -1] - ordered[:, -2] > 1e-4
    scaled = scale(own.probabilities, max(temperature, 0.3))
    assert (scaled.argmax(axis=1) == own.predicted)[clear].all()


@pytest.mark.parametrize("right", [True, False])
def test_a_model_that_is_always_right_or_always_wrong_has_a_temperature(right: bool) -> None:
    """Else the logarithm of a probability of 0, or a search without end, would stop the evaluation."""
    labels = np.array([0, 1, 0, 1])
    shares = np.eye(2, dtype=np.float32)[labels if right else 1 - labels]
    assert TEMPERATURES[0] <= fit_temperature(shares, labels) <= TEMPERATURES[1]
    assert np.isfinite(scale(shares, TEMPERATURES[1])).all()


def test_an_error_of_nothing_is_not_without_an_interval() -> None:
    """Ten right answers of full confidence do not prove calibration: Wilson's interval of 0 in 10 ends at 0.28."""
    labels = np.arange(10) % 2
    low, high = calibration_interval(np.eye(2)[labels], labels, np.arange(10), confidence=0.95, resamples=50, seed=1)
    assert (low, high) == (0.0, pytest.approx(0.2775, abs=1e-4))
