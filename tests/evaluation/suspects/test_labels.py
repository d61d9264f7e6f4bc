"""Labels that look wrong, by confident learning."""

import numpy as np
import pytest

from pixelproof.evaluation.suspects.labels import label_scores, suspected_labels


def answers(labels: np.ndarray, classes: int, rng: np.random.Generator, sure: float = 0.9) -> np.ndarray:
    """Return what a good model says of photos of these true classes."""
    shares = rng.dirichlet(np.ones(classes), len(labels)) * (1 - sure)
    shares[np.arange(len(labels)), labels] += sure
    return shares.astype(np.float32)


def test_planted_labels_are_the_suspects() -> None:
    """Else a person would correct what is right."""
    rng = np.random.default_rng(5)
    true = rng.integers(0, 4, 400)
    given = true.copy()
    planted = rng.permutation(400)[:12]
    given[planted] = (given[planted] + 1) % 4
    probabilities = answers(true, 4, rng)
    assert set(suspected_labels(probabilities, given)) == set(planted)
    scores = label_scores(probabilities, given)
    assert set(np.argsort(scores)[:12]) == set(planted)
    assert ((scores >= 0) & (scores <= 1)).all()


@pytest.mark.parametrize("labels", [[0, 0, 1, 1], [0, 0, 0, 0]])
def test_nothing_is_suspected_where_the_model_agrees_or_a_class_is_missing(labels: list[int]) -> None:
    """Small sets have both, and cleanlab raises."""
    probabilities = np.eye(2, dtype=np.float32)[[0, 0, 1, 1]]
    assert suspected_labels(probabilities, np.array(labels)).tolist() == []
