"""Which part of a photo an example shows: inside of it, with different numbers wherever a window looks."""

import numpy as np

from pixelproof.explain.pictures.arithmetic import patches

LEVELS = 16  # 251 and 253 are one number to a reader, and so are 0 and 2
PLACES = 100  # along a side; of a large photo not every place is tried


def example_patch(image: np.ndarray, side: int, window: int = 2) -> np.ndarray:
    """Return the square part of a picture, (height, width, ...), in which every window has different numbers.

    Chosen is the part whose dullest window has the most levels of brightness; among those, the part whose windows have
    the most together, and then the one with the most levels of its own. Borders of a single colour are left out where
    what is inside has room. As js/example_patch.js.
    """
    brightness = image if image.ndim == 2 else image.mean(axis=2)
    levels = (brightness.astype(float) * LEVELS // 256).astype(int)
    top, left, inner = _inside(levels, side)
    step = max(1, -(-max(inner.shape) // PLACES))
    counts = _distinct(patches(inner, window))
    seen = patches(counts, side - window + 1)[::step, ::step]
    own = _distinct(patches(inner, side)[::step, ::step])
    scores = np.stack([seen.min(axis=(2, 3)), seen.sum(axis=(2, 3)), own], axis=-1)
    rows, columns = scores.shape[:2]
    best = max(range(rows * columns), key=lambda place: (*scores.reshape(-1, 3)[place].tolist(), -place))
    top, left = top + step * (best // columns), left + step * (best % columns)
    return image[top : top + side, left : left + side]


def _inside(levels: np.ndarray, side: int) -> tuple[int, int, np.ndarray]:
    """Return where a picture begins inside of its even borders, and that part; all of it where that is too small."""
    rows, columns = (np.flatnonzero(np.ptp(levels, axis=axis)) for axis in (1, 0))
    if not len(rows) or min(np.ptp(rows), np.ptp(columns)) + 1 < side:
        return 0, 0, levels
    top, left = int(rows[0]), int(columns[0])
    return top, left, levels[top : rows[-1] + 1, left : columns[-1] + 1]


def _distinct(seen: np.ndarray) -> np.ndarray:
    """Return how many different numbers there are in each window: (rows, columns) for (rows, columns, size, size)."""
    in_order = np.sort(seen.reshape(*seen.shape[:2], -1), axis=2)
    counts: np.ndarray = (np.diff(in_order, axis=2) != 0).sum(axis=2) + 1
    return counts
