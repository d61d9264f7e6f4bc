"""Photos that are bad as pictures: too dark, too bright, blurred, blank, or of a strange shape.

The kinds and the thresholds of all but `blurred` are those of cleanvision 0.3.7 (github.com/cleanlab/cleanvision).
"""

from collections.abc import Iterable

import cv2
import numpy as np
import pandas as pd
from joblib import Parallel, delayed

# The score below which a picture is bad; each is 0 for the worst one.
THRESHOLDS = {"dark": 0.32, "bright": 0.05, "blurred": 0.13, "blank": 0.3, "odd shape": 0.35}
COMMON = {"blank", "odd shape"}  # what may be the nature of a whole set: bad are those that differ from the rest, too
FAR_OUT = 3.0  # interquartile ranges below the first quartile (Tukey 1977)
BLUR = 0.2  # of the median of all photos: small drawings are sharper than any photo
MOST_ENTROPY = 10.0  # bits; about what a sharp photo in colour has
AT_ONCE = 256  # images of a task


def picture_scores(images: Iterable[np.ndarray], sizes: pd.DataFrame) -> pd.DataFrame:
    """Return a column of scores for each of THRESHOLDS, with a row per photo.

    images  batches of uint8 images (n, height, width, channels) as the network sees them
    sizes   the columns `height` and `width` of the photos' files, in pixels

    dark       the 99th percentile of brightness, 0 to 1
    bright     1 minus the 5th percentile of brightness
    blurred    the deviation of the Laplacian over that of the image, which does not change with contrast. Measured
               on digits, clothes and pets: above 0.135 for all of 13,000 photos, below for all that were blurred
    blank      the entropy of the brightness, of 10 bits
    odd shape  the shorter side over the longer one
    """
    pieces = (piece for batch in images for piece in np.array_split(batch, -(-len(batch) // AT_ONCE)))
    measured = Parallel(-1, prefer="threads", return_as="generator")(delayed(_measure)(piece) for piece in pieces)
    scores: pd.DataFrame = pd.concat(list(measured), ignore_index=True)
    sides = sizes[["height", "width"]]
    scores["odd shape"] = (sides.min(axis=1) / sides.max(axis=1)).to_numpy()
    return scores


def _measure(images: np.ndarray) -> pd.DataFrame:
    grey = [cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) if image.shape[2] == 3 else image[..., 0] for image in images]
    low, high = np.percentile(np.stack(grey).reshape(len(grey), -1), [5, 99], axis=1) / 255
    sharp, entropy = [_sharpness(image) for image in grey], [_entropy(image) for image in grey]
    return pd.DataFrame({"dark": high, "bright": 1 - low, "blurred": sharp, "blank": np.array(entropy) / MOST_ENTROPY})


def _sharpness(image: np.ndarray) -> float:
    """Leave out the border, where the Laplacian is another one; a blank image is as blurred as one can be."""
    edges = cv2.Laplacian(image.astype(np.float32), cv2.CV_32F)[1:-1, 1:-1]
    return float(edges.std() / (image.std() + 1)) if edges.size else 1.0


def _entropy(image: np.ndarray) -> float:
    shares = np.bincount(image.ravel(), minlength=256) / image.size
    shares = shares[shares > 0]
    return float(-(shares * np.log2(shares)).sum())


def bad_pictures(scores: pd.DataFrame) -> pd.DataFrame:
    """Return a bool column for each column of `picture_scores`: whether the photo is bad in that way.

    A set of drawings on black is no set of blank photos, so a photo is blank, or of an odd shape, only if it is apart
    from the others as well. A blank one is not called blurred on top.
    """
    bad = pd.DataFrame({kind: scores[kind] < _limit(scores[kind], kind) for kind in THRESHOLDS})
    bad["blank"] |= scores["blank"] == 0
    bad["blurred"] &= ~bad["blank"]
    return bad


def _limit(scores: pd.Series, kind: str) -> float:
    if kind == "blurred":
        return max(THRESHOLDS[kind], BLUR * float(scores.median()))
    if kind not in COMMON:
        return THRESHOLDS[kind]
    low, high = scores.quantile([0.25, 0.75])
    return min(THRESHOLDS[kind], low - FAR_OUT * (high - low))
