"""Copies of one photo: they form a group, which a split never tears apart."""

import pandas as pd

RANKS = {"train": 0, "valid": 1, "test": 2}  # of two parts that hold one picture, the higher keeps it


def group_copies(photos: pd.DataFrame) -> pd.Series:
    """Name each photo's group: photos with the very same pixels share one, whatever their file's bytes.

    The name comes from the pixels (column `pixels_sha256`), so adding photos renames no group.
    """
    return photos["pixels_sha256"].str[:16]


def label_conflicts(photos: pd.DataFrame) -> pd.Series:
    """Tell, photo by photo, whether the same picture (column `group`) stands under two labels."""
    return photos.groupby("group")["label"].transform("nunique") > 1


def copied_into(photos: pd.DataFrame) -> pd.Series:
    """Name, photo by photo, the part above its own `given_part` that holds the same picture (column `group`).

    Test is above valid, valid above train; null where there is no such part.
    """
    rank = photos["given_part"].map(RANKS)
    highest = rank.groupby(photos["group"]).transform("max")
    return highest.where(highest > rank).map({rank: part for part, rank in RANKS.items()})
