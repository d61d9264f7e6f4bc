"""Photos unlike all training photos: how far a photo's features are from those of its nearest training photos.

Sun et al. 2022, "Out-of-Distribution Detection with Deep Nearest Neighbors". A network's probability does not tell:
it is as sure of a boot as of a digit. docs/evaluate.md has what was measured. NumPy alone: `pixelproof predict` and
the server compute distances, too.
"""

from math import ceil

import numpy as np

NEIGHBOURS = 5
FALSE_ALARMS = 0.01  # of photos like those of the validation part
AT_ONCE = 256  # photos: in memory are their distances to all training photos


def distances(features: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Return the distance of each photo to the last of its NEIGHBOURS among the training photos, float32 (n,).

    features, reference  (n, features) and (training photos, features), of length 1: distances are from 0 to 2
    """
    reference = reference.astype(np.float32, copy=False)
    squares = np.square(reference).sum(axis=1)
    starts = range(0, len(features), AT_ONCE)
    return np.concatenate([_distances(features[at : at + AT_ONCE], reference, squares) for at in starts])


def _distances(features: np.ndarray, reference: np.ndarray, squares: np.ndarray) -> np.ndarray:
    features = features.astype(np.float32, copy=False)
    squared = np.square(features).sum(axis=1)[:, None] + squares - 2 * (features @ reference.T)
    last = min(NEIGHBOURS, len(reference)) - 1
    nearest: np.ndarray = np.sqrt(np.maximum(np.partition(squared, last, axis=1)[:, last], 0))
    return nearest


def largest_distance(valid: np.ndarray, false_alarms: float = FALSE_ALARMS) -> float:
    """Return the distance beyond which a photo is called unlike the training photos.

    valid  distances of the validation part, (n,). Of photos like these at most the share `false_alarms` lies beyond,
    as a conformal p-value promises; fewer than 1 / false_alarms photos promise nothing, and nothing is unlike.
    """
    rank = ceil((len(valid) + 1) * (1 - false_alarms))
    return float(np.sort(valid)[rank - 1]) if rank <= len(valid) else 2.0
