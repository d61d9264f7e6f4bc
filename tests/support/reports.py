"""The reports of a pipeline whose models answered as a test plants it, made by the code that makes the real ones."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from pixelproof.evaluation.answers.tables import answer_table
from pixelproof.evaluation.calibration import calibration_error
from pixelproof.evaluation.comparison import compare, differences
from pixelproof.evaluation.conformal import set_metrics
from pixelproof.evaluation.metrics import Answers, commonest_class, model_metrics, per_class, resampled
from pixelproof.explain.page.reports import Reports, measurable

CONFIDENCE, LEAST = 0.95, 0.6
ROBUSTNESS = pd.DataFrame(
    [
        ("none", 0.0, 0.98, 0.96, 0.99, 0.96, 0.94, 0.97, 0.0, 0.0, 0.0),
        ("shift_px", 1.0, 0.98, 0.96, 0.99, 0.95, 0.93, 0.97, -0.01, -0.03, 0.01),
        ("shift_px", 2.0, 0.97, 0.95, 0.98, 0.90, 0.87, 0.92, -0.05, -0.08, -0.02),
        ("shift_px", 3.0, 0.95, 0.93, 0.97, 0.70, 0.66, 0.74, -0.23, -0.27, -0.19),
        ("brightness", 0.2, 0.49, 0.45, 0.53, 0.90, 0.87, 0.92, 0.43, 0.38, 0.48),
    ],
    columns=[
        *("kind", "level", "cnn", "cnn_low", "cnn_high", "mlp", "mlp_low", "mlp_high"),
        *("lost_more", "lost_more_low", "lost_more_high"),
    ],
)
NO_SUSPECTS = pd.DataFrame({"path": ["a.png"], "label": ["a"], "suggested": [""], "score": ["1.0"], "reason": [""]})


def surely(predicted: Sequence[int], classes: int, share: float = 0.99) -> np.ndarray:
    """Return probabilities that give `share` to each predicted class, float32 (n, classes)."""
    rest = (1 - share) / (classes - 1)
    return np.where(np.eye(classes)[list(predicted)] == 1, share, rest).astype(np.float32)


def plant(
    labels: Sequence[int],
    cnn: np.ndarray,
    mlp: np.ndarray,
    classes: Sequence[str],
    *,
    ids: Sequence[str] | None = None,
    suspects: pd.DataFrame = NO_SUSPECTS,
    valid_loss: Sequence[float] = (0.5, 0.3, 0.4),
    robustness: pd.DataFrame = ROBUSTNESS,
    more: Mapping[str, Any] | None = None,
) -> Reports:
    """Return the reports on two models' probabilities, (n, classes) each; `more` goes into both models' metrics."""
    truth, names = np.array(labels), list(classes)
    ids = ids or [f"{names[label]}/{number}.png" for number, label in enumerate(labels)]
    probabilities = {"cnn": cnn, "mlp": mlp}
    answers = {model: Answers(own, truth, np.arange(len(truth)), tuple(ids)) for model, own in probabilities.items()}
    samples = {model: resampled(own, seed=1, resamples=50) for model, own in answers.items()}
    best, shares = int(np.argmin(valid_loss)) + 1, [0.5] * len(valid_loss)
    metrics: dict[str, Any] = {
        model: {
            **model_metrics(own, samples[model], confidence=CONFIDENCE),
            **calibration(own),
            **set_metrics(own, LEAST, confidence=CONFIDENCE),
            **{"temperature": 1.2, "parameters": 9, "multiply_adds": 9, "best_epoch": best, "train_seconds": 1.0},
            **(more or {}),
        }
        for model, own in answers.items()
    }
    right = [own.predicted == own.labels for own in answers.values()]
    apart = differences(samples["cnn"], samples["mlp"], len(truth), confidence=CONFIDENCE)
    metrics["comparison"] = {**compare(*right), **apart, "confidence": CONFIDENCE}
    metrics["commonest_class"] = commonest_class(answers["cnn"], 0, confidence=CONFIDENCE)
    counts = {name: {"train": 100, "valid": 20, "test": int((truth == i).sum())} for i, name in enumerate(names)}
    return Reports(
        metrics=metrics,
        uncertainty={"coverage": 0.9, "temperature": 1.0, "least_probability": LEAST, "largest_distance": None},
        per_class=measurable(per_class(answers["cnn"], names, confidence=CONFIDENCE)),
        suspects=suspects,
        robustness=robustness,
        split={"photos": {"train": 1000, "valid": 100, "test": len(truth)}, "classes": counts},
        history=pd.DataFrame(
            {"train_loss": valid_loss, "valid_loss": valid_loss, "train_accuracy": shares, "valid_accuracy": shares}
        ),
        answers={model: answer_table(model, own, ids, truth, names) for model, own in probabilities.items()},
    )


def calibration(answers: Answers) -> dict[str, float]:
    """Return the calibration error, with an interval that begins at 0."""
    error = calibration_error(answers.probabilities, answers.labels)
    return {"calibration_error": error, "calibration_error_low": 0.0, "calibration_error_high": 2 * error}
