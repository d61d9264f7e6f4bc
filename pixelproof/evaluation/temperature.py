"""Probabilities at another temperature. NumPy alone: programs that answer photos use it, too."""

import numpy as np

SMALLEST = float(np.finfo(np.float32).tiny)  # a float32 softmax may give 0, which has no logarithm


def scale(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Return softmax(log p / temperature): (n, classes) float32. Above 1 the model is less sure; the ranks stay."""
    scaled_logits = logits(probabilities) / temperature
    scaled: np.ndarray = np.exp(scaled_logits - np.logaddexp.reduce(scaled_logits, axis=1)[:, None]).astype(np.float32)
    return scaled


def logits(probabilities: np.ndarray) -> np.ndarray:
    """Return the logarithms of probabilities, float64."""
    logarithms: np.ndarray = np.log(np.maximum(probabilities.astype(np.float64), SMALLEST))
    return logarithms
