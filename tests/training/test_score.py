import hashlib
from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixelproof.training.loop import score, weights_sha256


def test_score_gives_the_mean_cross_entropy_and_the_accuracy() -> None:
    """Else the curves would show other numbers than their names say."""
    probabilities = np.array([[0.5, 0.25, 0.25], [0.1, 0.8, 0.1], [0.6, 0.3, 0.1]], np.float32)
    loss, accuracy = score(probabilities, np.array([0, 1, 2]))
    assert loss == pytest.approx(-(log(0.5) + log(0.8) + log(0.1)) / 3)
    assert accuracy == pytest.approx(2 / 3)


def test_score_stays_finite_where_a_model_is_certain_and_wrong() -> None:
    """Else one such image would make the whole validation loss infinite, and no epoch better than another."""
    loss, accuracy = score(np.array([[1, 0], [1, 0]], np.float32), np.array([0, 1]))
    assert loss == pytest.approx(-log(float(np.finfo(np.float32).eps)) / 2)
    assert accuracy == 0.5


@given(st.lists(st.floats(0.01, 0.99), min_size=1, max_size=20))
def test_score_is_the_mean_over_the_images(shares: list[float]) -> None:
    """Else the loss would depend on the number of images, or on their order."""
    true = np.array(shares, np.float32)
    loss, accuracy = score(np.column_stack([1 - true, true]), np.ones(len(true), np.int64))
    assert loss == pytest.approx(float(np.mean([-log(share) for share in true])), rel=1e-6)
    assert accuracy == pytest.approx(float(np.mean(true > 1 - true)))


WEIGHTS = (np.arange(6, dtype=np.float32).reshape(2, 3), np.zeros(2, np.float32))


@pytest.mark.parametrize(
    "other",
    [
        (np.nextafter(WEIGHTS[0], np.float32(9)), WEIGHTS[1]),
        (WEIGHTS[0].reshape(3, 2), WEIGHTS[1]),
        (WEIGHTS[0].astype(np.float64), WEIGHTS[1]),
        (WEIGHTS[0].view(np.int32), WEIGHTS[1]),
        (WEIGHTS[1], WEIGHTS[0]),
        (WEIGHTS[0], WEIGHTS[1], WEIGHTS[1]),
        (WEIGHTS[0],),
        (np.concatenate([WEIGHTS[0].ravel(), WEIGHTS[1]]),),
    ],
    ids=["value", "shape", "type", "type, same bytes", "order", "one more", "one less", "joined"],
)
def test_other_weights_have_another_hash(other: tuple[np.ndarray, ...]) -> None:
    """Else two different models could pass for the same one."""
    assert weights_sha256(other) != weights_sha256(WEIGHTS)


def test_equal_weights_have_the_same_hash_however_they_lie_in_memory() -> None:
    """Else a model that was saved and loaded would not be recognised."""
    transposed = np.asfortranarray(WEIGHTS[0])
    assert not transposed.flags.c_contiguous
    assert weights_sha256([transposed, WEIGHTS[1].copy()]) == weights_sha256(WEIGHTS)


def test_a_hash_of_weights_is_always_the_same() -> None:
    """Else a later version of the program could not recognise an older model."""
    content = b"<f4 (2, 3) " + WEIGHTS[0].tobytes() + b"<f4 (2,) " + WEIGHTS[1].tobytes()
    assert weights_sha256(WEIGHTS) == hashlib.sha256(content).hexdigest()
