"""The part that each photo belongs to: the table of a split."""

from pathlib import Path

import numpy as np
import pandas as pd

PARTS = ("train", "valid", "test")


def read_splits(path: Path) -> pd.DataFrame:
    """Read splits.csv; every column is text, since a class may be called `NA`."""
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def positions(index: pd.DataFrame, splits: pd.DataFrame, part: str) -> np.ndarray:
    """Return where in an image store's `index` the photos of a part are, in the store's order."""
    wanted = splits.loc[splits["part"] == part, "id"]
    return np.flatnonzero(index["id"].isin(wanted))


def class_counts(photos: pd.DataFrame, parts: pd.Series) -> pd.DataFrame:
    """Count photos (column `label`) by class and by part (one per photo, or null): label, part, photos."""
    by = [photos["label"], parts.rename("part").fillna("no part given")]
    return photos.groupby(by).size().rename("photos").reset_index()
