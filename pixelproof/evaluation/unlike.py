"""Photos unlike all training photos: how far a photo's features are from those of its nearest training photos.

Sun et al. 2022, "Out-of-Distribution Detection with Deep Nearest Neighbors". A network's probability does not tell:
it is as sure of a boot as of a digit. docs/evaluate.md has what was measured.
"""

from math import ceil

import numpy as np
from sklearn.neighbors import NearestNeighbors

NEIGHBOURS = 5
FALSE_ALARMS = 0.01  # of photos like those of the validation part


def distances(features: np.ndarray, reference: np.ndarray) -> np.ndarray:
    """Return the distance of each photo to the last of its NEIGHBOURS among the training photos, float32 (n,).

    features, reference  (n, features) and (training photos, features), of length 1: distances are from 0 to 2
    """
    count = min(NEIGHBOURS, len(reference))
    index = NearestNeighbors(n_neighbors=count, algorithm="brute").fit(reference.astype(np.float32))
    nearest: np.ndarray = index.kneighbors(features.astype(np.float32))[0][:, -1].astype(np.float32)
    return nearest


def largest_distance(valid: np.ndarray, false_alarms: float = FALSE_ALARMS) -> float:
    """Return the distance beyond which a photo is called unlike the training photos.

    valid  distances of the validation part, (n,). Of photos like these at most the share `false_alarms` lies beyond,
    as a conformal p-value promises; fewer than 1 / false_alarms photos promise nothing, and nothing is unlike.
    """
    rank = ceil((len(valid) + 1) * (1 - false_alarms))
    return float(np.sort(valid)[rank - 1]) if rank <= len(valid) else 2.0
