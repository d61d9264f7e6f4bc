"""Copies of one photo: they form a group, which is never split between parts."""

import pandas as pd

from pixelproof.data.ingest.near import near_components

RANKS = {"train": 0, "valid": 1, "test": 2}  # of two parts that hold one picture, the higher keeps it
HASHES = ["perceptual_hash", "fine_hash"]


def group_copies(photos: pd.DataFrame, near_bits: int = 0) -> pd.Series:
    """Name each photo's group: photos with the very same pixels share one, whatever their file's bytes.

    With `near_bits` so do near copies (see `near_components`; columns HASHES), and near copies of these.
    The name comes from the pixels (column `pixels_sha256`) of the group's largest photo: by columns width x height,
    then bytes, then the smaller name. So an added photo renames no group but its own, and not even that one
    where it is the smaller copy.
    """
    names = photos["pixels_sha256"].str[:16]
    if not near_bits:
        return names
    different = photos[HASHES].drop_duplicates().dropna().reset_index(drop=True)
    if different.empty:
        return names
    different["component"] = near_components(different, near_bits)
    component = photos[HASHES].merge(different, on=HASHES, how="left")["component"].set_axis(photos.index)
    facts = {"pixels": photos["width"] * photos["height"], "bytes": photos["bytes"], "name": names}
    ordered = pd.DataFrame({**facts, "component": component}).sort_values(
        ["pixels", "bytes", "name"], ascending=[False, False, True]
    )
    return ordered.groupby("component")["name"].transform("first").reindex(photos.index).fillna(names)


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


def repeated(photos: pd.DataFrame, copies: int) -> pd.Series:
    """Tell, photo by photo, whether its group holds at least `copies` photos with the very same pixels."""
    same = photos.groupby("pixels_sha256")["pixels_sha256"].transform("size")
    return same.groupby(photos["group"]).transform("max") >= copies
