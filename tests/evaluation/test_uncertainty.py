"""What is said beside an answer that is not sure."""

import json

import numpy as np
import pytest

from pixelproof.evaluation.temperature import scale
from pixelproof.evaluation.uncertainty import UNLIKE, Uncertainty

CLASSES = ["cat", "dog", "owl", "fox", "hen"]
OWN = Uncertainty(coverage=0.9, temperature=1.0, least_probability=0.2, largest_distance=0.7)


@pytest.mark.parametrize(
    ("shares", "distance", "words"),
    [
        ([0.9, 0.1, 0, 0, 0], 0.3, ""),
        ([0.9, 0.1, 0, 0, 0], None, ""),
        ([0.9, 0.1, 0, 0, 0], 0.71, UNLIKE),
        ([0.3, 0.6, 0.1, 0, 0], 0.3, "unsure: dog or cat"),
        ([0.25, 0.45, 0.3, 0, 0], 0.3, "unsure: dog, owl or cat"),
        ([0.2, 0.2, 0.2, 0.2, 0.2], 0.3, "unsure: cat, dog, owl or 2 more"),
        ([0.19, 0.15, 0.18, 0.19, 0.1], 0.3, "unsure: perhaps cat"),
    ],
)
def test_the_words_name_the_possible_classes_the_likeliest_first(
    shares: list[float], distance: float | None, words: str
) -> None:
    """Else a person would read 0.6 as a fact, or a boot as the digit that it resembles least badly."""
    assert OWN.words(np.array(shares, np.float32), CLASSES, distance) == words


def test_without_a_measured_distance_no_photo_is_unlike() -> None:
    """Else the MLP, which has none, would stop answering."""
    own = Uncertainty(0.9, 1.0, 0.2, None)
    assert own.words(np.array([0.9, 0.1], np.float32), CLASSES[:2], 1.9) == ""


def test_it_is_read_back_as_it_was_written() -> None:
    """Else the program that answers would use other thresholds than were measured."""
    assert Uncertainty.from_json(json.loads(json.dumps(OWN.as_json()))) == OWN


def test_the_temperature_is_applied_as_in_the_evaluation() -> None:
    """Else the thresholds would belong to other probabilities than are shown."""
    shares = np.array([[0.7, 0.3]], np.float32)
    np.testing.assert_array_equal(OWN.probabilities(shares), shares)
    warm = Uncertainty(0.9, 2.0, 0.2, None)
    np.testing.assert_array_equal(warm.probabilities(shares), scale(shares, 2.0))
