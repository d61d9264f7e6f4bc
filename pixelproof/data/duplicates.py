"""Copies of one photo: they form a group, which a split never tears apart."""

import pandas as pd


def group_copies(photos: pd.DataFrame) -> pd.Series:
    """Name each photo's group: photos with the very same pixels share one, whatever their file's bytes.

    The name comes from the pixels (column `pixels_sha256`), so adding photos renames no group.
    """
    return photos["pixels_sha256"].str[:16]


def label_conflicts(photos: pd.DataFrame) -> pd.Series:
    """Tell, photo by photo, whether the same picture (column `group`) stands under two labels."""
    return photos.groupby("group")["label"].transform("nunique") > 1
