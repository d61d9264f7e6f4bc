"""Simulated answers of a model to a test part, of which the truth is known: a sample of a million."""

from functools import cache

import numpy as np

from pixelproof.evaluation.metrics import Answers

SHARES = (0.6, 0.35, 0.05)


def simulated(
    images: int, seed: int, *, sharpness: float = 1.6, signal: float = 2.0, shares: tuple[float, ...] = SHARES
) -> Answers:
    """Return a model's answers to independent images, its classes in these shares.

    The true class's score is `signal` above the others, whose noise is normal. A model that is calibrated has
    sharpness 1; above, it is too sure.
    """
    random = np.random.default_rng(seed)
    labels = random.choice(len(shares), images, p=shares)
    scores = signal * np.eye(len(shares))[labels] + random.normal(size=(images, len(shares)))
    odds = np.exp(scores * signal * sharpness + np.log(shares))
    return Answers((odds / odds.sum(axis=1)[:, None]).astype(np.float32), labels, np.arange(images))


def weaker(answers: Answers, seed: int) -> Answers:
    """Return the answers of a second model, which sees the same images through more noise."""
    noise = np.random.default_rng(seed).normal(size=answers.probabilities.shape)
    odds = np.exp(0.7 * np.log(answers.probabilities) + 1.0 * noise)
    return Answers((odds / odds.sum(axis=1)[:, None]).astype(np.float32), answers.labels, answers.groups)


@cache
def million(sharpness: float = 1.6, signal: float = 2.0) -> Answers:
    return simulated(1_000_000, 10**6, sharpness=sharpness, signal=signal)
