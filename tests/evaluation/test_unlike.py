"""Photos unlike all training photos, by their features."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from pixelproof.evaluation.unlike import NEIGHBOURS, distances, largest_distance


def directions(count: int, seed: int, middle: int) -> np.ndarray:
    """Features that point about one way: unit length, float16."""
    found = np.random.default_rng(seed).normal(scale=0.3, size=(count, 8)) + np.eye(8)[middle]
    scaled: np.ndarray = (found / np.linalg.norm(found, axis=1, keepdims=True)).astype(np.float16)
    return scaled


def test_another_kind_of_photo_is_farther_from_the_training_photos() -> None:
    """Else a wolf would be 0.99 dog without a word."""
    train, own, other = directions(400, 1, 0), directions(200, 2, 0), directions(200, 3, 1)
    far = np.concatenate([distances(own, train), distances(other, train)])
    assert roc_auc_score(np.repeat([0, 1], 200), far) > 0.99


def test_the_distance_is_to_the_fifth_nearest() -> None:
    """Else one odd training photo would make every photo like it usual."""
    train = np.array([[1, 0]] * (NEIGHBOURS - 1) + [[0, 1]], np.float16)
    assert distances(np.array([[1, 0]], np.float16), train)[0] == pytest.approx(2**0.5, abs=1e-3)


def test_fewer_training_photos_than_neighbours_are_enough() -> None:
    """Else a tiny set would end in scikit-learn's traceback."""
    assert distances(np.array([[1, 0]], np.float16), np.array([[0, 1]], np.float16))[0] == pytest.approx(
        2**0.5, abs=1e-3
    )


def test_false_alarms_are_as_rare_as_promised() -> None:
    """Else one photo in ten of the user's own would be called unlike his photos."""
    alarms = []
    for seed in range(300):
        usual = np.random.default_rng(seed).gamma(2, size=500)
        alarms.append((usual[250:] > largest_distance(usual[:250], 0.05)).mean())
    assert 0.035 <= np.mean(alarms) <= 0.055


def test_too_few_photos_call_nothing_unlike() -> None:
    """Else twenty photos would promise one false alarm in a hundred."""
    assert largest_distance(np.linspace(0, 1, 20)) == 2
