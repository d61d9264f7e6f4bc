"""How well a class's probability ranks its images before the others: the areas under two curves."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Ranking:
    """The images in the order of one class's probability, the surest first; equal probabilities are one step."""

    order: np.ndarray  # (n,) positions
    positive: np.ndarray  # positions of the images of the class, in that order
    starts: np.ndarray  # (steps,) the first place of each step that has an image of the class
    ends: np.ndarray  # (steps,) the last place of these steps
    found: np.ndarray  # (steps,) how many images of the class there are down to each step's end

    @classmethod
    def of(cls, scores: np.ndarray, positive: np.ndarray) -> "Ranking":
        """Rank images by `scores` (n,); `positive` (n,) tells which are of the class."""
        order = np.argsort(-scores, kind="stable")
        borders = np.flatnonzero(np.diff(scores[order], prepend=np.nan, append=np.nan) != 0)
        found = np.cumsum(np.append(0, positive[order]))[borders]  # before each step; the last: of all
        steps = np.flatnonzero(np.diff(found))
        return cls(order, order[positive[order]], borders[steps], borders[steps + 1] - 1, found[steps + 1])

    def areas(self, weights: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the ROC's area and the average precision, each (r,), of images with `weights` (r, n).

        NaN where a resample has no image of the class; the ROC's also where it has no other.
        """
        if not len(self.positive):
            return np.full(len(weights), np.nan), np.full(len(weights), np.nan)
        taken = np.cumsum(np.pad(weights[:, self.order], ((0, 0), (1, 0))), axis=1)  # before each place
        before, down_to, images = taken[:, self.starts], taken[:, self.ends + 1], taken[:, -1]
        found = np.cumsum(weights[:, self.positive], axis=1)[:, self.found - 1]  # of the class, down to each step
        steps = np.diff(found, axis=1, prepend=0)
        positives = found[:, -1]
        negatives = images - positives
        with np.errstate(invalid="ignore"):  # 0 / 0: nothing to rank
            precision = found / np.maximum(down_to, 1)
            average_precision = (steps * precision).sum(axis=1, dtype=np.float64) / positives
            above = before - (found - steps)  # others above each step, and half of those in it:
            level = (down_to - before - steps) / 2
            below = negatives[:, None] - above - level
            area = (steps * below).sum(axis=1, dtype=np.float64) / (positives * negatives.astype(np.float64))
        return area, average_precision
