"""How well a class's probability ranks its images before the others: the areas under two curves."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Ranking:
    """The images in the order of one class's probability, the surest first; equal probabilities are one step."""

    order: np.ndarray  # (n,) positions
    positive: np.ndarray  # (n,) float32, in that order: 1 for an image of the class
    ends: np.ndarray  # (steps,) the last place of each step

    @classmethod
    def of(cls, scores: np.ndarray, positive: np.ndarray) -> "Ranking":
        """Rank images by `scores` (n,); `positive` (n,) tells which are of the class."""
        order = np.argsort(-scores, kind="stable")
        ends = np.flatnonzero(np.append(np.diff(scores[order]) != 0, True))
        return cls(order, positive[order].astype(np.float32), ends)

    def areas(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the ROC's area and the average precision, each (r,), of images with `weights` (r, n).

        NaN where a resample has no image of the class; the ROC's also where it has no other.
        """
        sorted_weights = weights[:, self.order]
        found = np.cumsum(sorted_weights * self.positive, axis=1)[:, self.ends]  # of the class, down to each step
        taken = np.cumsum(sorted_weights, axis=1)[:, self.ends]
        positives = found[:, -1]
        negatives = taken[:, -1] - positives
        with np.errstate(invalid="ignore"):  # 0 / 0: nothing to rank
            steps = np.diff(found, axis=1, prepend=0)
            precision = found / np.maximum(taken, 1)
            average_precision = (steps * precision).sum(axis=1, dtype=np.float64) / positives
            missed = taken - found  # others, down to each step
            below = (negatives[:, None] - missed) + np.diff(missed, axis=1, prepend=0) / 2
            area = (steps * below).sum(axis=1, dtype=np.float64) / (positives * negatives.astype(np.float64))
        return area, average_precision
