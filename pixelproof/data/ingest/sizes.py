"""The table behind a plot: photos by size."""

import pandas as pd

SIZES = 2000  # points of the plot at the most: a browser draws them at once


def size_counts(photos: pd.DataFrame) -> pd.DataFrame:
    """Count photos by size in pixels: width, height, photos; at most SIZES rows.

    Where more sizes occur, they are rounded down to multiples of 2, 4, 8, ... pixels. So every photo is counted and
    none of the very small or very large ones is lost, as in a sample.
    """
    sizes = photos[["width", "height"]]
    step = 1
    while len(counted := _counted(sizes // step * step)) > SIZES:
        step *= 2
    return counted


def _counted(sizes: pd.DataFrame) -> pd.DataFrame:
    return sizes.groupby(["width", "height"]).size().rename("photos").reset_index()
