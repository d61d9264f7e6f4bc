"""Which part each photo belongs to: train, valid or test. No group is split: copies, and groups of the user's own."""

import hashlib
from collections.abc import Collection
from typing import Any

import pandas as pd

from pixelproof.data.images.parts import PARTS
from pixelproof.errors import UserError
from pixelproof.params.split import Split

COLUMNS = ["id", "label", "part", "group"]


def split_photos(photos: pd.DataFrame, params: Split, *, seed: int) -> pd.DataFrame:
    """Assign a part to each photo (columns id, label, group); return COLUMNS in the photos' order.

    A seeded hash of its name places each group between 0 and 1; from 0 up lies test, then valid,
    the rest is train. The order of the photos does not matter.

    - `stratified`: its rank by hash among its class. Every share is exact to within one group per class,
      and an added photo moves only photos at the two borders. A group of several classes (one person's photos)
      is placed among the rarest of them, for which the share is exact; for the others it is so on average.
    - `stable`: the hash itself. An added photo moves no other, and the shares are exact only on average:
      with n groups a share s is off by about sqrt(s (1 - s) / n).
    - `given`: the parts that the source gives (column given_part) stay; where it gives no valid or no test
      part, that is cut from train as `stratified` does, its share taken of train.

    With `folds`, the first two cut the places into so many equal folds instead: fold `fold` is test, the
    next one (after the last, the first) valid. Over all folds every photo is in test once, and in valid once.

    Raises UserError if a class has too few groups for three parts, or `given` finds no given parts, or a group of
    the user's (column given_group, if there is one) in two of them.
    """
    groups = _rank_groups(photos, seed)
    groups["part"] = _given_parts(photos, groups, params) if params.method == "given" else _deal(groups, params)
    splits = photos[["id", "label", "group"]].merge(groups[["group", "part"]], on="group", how="left")[COLUMNS]
    _check_parts(splits, params, has_given_groups="given_group" in photos)
    return splits


def _rank_groups(photos: pd.DataFrame, seed: int) -> pd.DataFrame:
    """Return a row per group: the rarest of its labels, how many of its photos show that, and its rank by hash."""
    groups = photos.groupby(["label", "group"], as_index=False).agg(size=("id", "size"))
    groups["total"] = groups.groupby("label")["size"].transform("sum")
    groups = groups.sort_values(["total", "label"]).drop_duplicates("group").drop(columns="total")
    groups["rank"] = [_rank(seed, group) for group in groups["group"]]
    return groups.sort_values(["label", "rank"], ignore_index=True)


def _rank(seed: int, group: str) -> str:
    return hashlib.sha256(f"{seed}:{group}".encode()).hexdigest()


def _deal(groups: pd.DataFrame, params: Split, empty: Collection[str] = ("valid", "test")) -> pd.Series:
    """Deal groups, in order of label and rank, out to the parts that are still `empty` and train."""
    if params.folds is not None and params.fold is not None:
        return _deal_folds(_places(groups, params), params.folds, params.fold)
    test = params.test_share if "test" in empty else 0.0
    valid = params.valid_share if "valid" in empty else 0.0
    places = _places(groups, params)
    parts = pd.Series("train", index=groups.index)
    parts[places < test + valid] = "valid"
    parts[places < test] = "test"
    return parts


def _deal_folds(places: pd.Series, folds: int, fold: int) -> pd.Series:
    own = (places * folds).astype(int) + 1
    return own.map({fold: "test", fold % folds + 1: "valid"}).fillna("train")


def _given_parts(photos: pd.DataFrame, groups: pd.DataFrame, params: Split) -> pd.Series:
    without = photos["given_part"].isna()
    if without.any():
        raise UserError(
            f"split.method is 'given', but the source gives {without.sum()} of {len(photos)} photos no part. "
            "Sort its class folders into train/, valid/ and test/, add a column `part` to its labels.csv, or choose "
            "split.method: stratified in params.yaml."
        )
    _check_given_groups(photos)
    given = photos.drop_duplicates("group").set_index("group")["given_part"]
    parts = groups["group"].map(given)
    train = parts == "train"
    parts[train] = _deal(groups[train], params, set(PARTS) - set(given))
    return parts


def _check_given_groups(photos: pd.DataFrame) -> None:
    """Raise UserError for a group in two given parts. Ingest has refused copies in two; the user's groups can be so."""
    by = "given_group" if "given_group" in photos else "group"
    parts = photos.groupby([by, "given_part"]).size().unstack()
    split = parts[parts.notna().sum(axis=1) > 1]
    if len(split):
        counts = split.iloc[0].dropna().astype(int)
        more = f" (and so {len(split) - 1} more groups)" if len(split) > 1 else ""
        raise UserError(
            f"split.method is 'given', but the source gives the group {str(split.index[0])!r} to several parts: "
            f"{', '.join(f'{count} photos to {part}' for part, count in counts.items())}{more}. Give each group one "
            "part in labels.csv, or choose split.method: stratified in params.yaml."
        )


def _places(groups: pd.DataFrame, params: Split) -> pd.Series:
    """Place each group between 0 and 1 (1 excluded); `groups` are in order of label and rank."""
    if params.method == "stable":
        return groups["rank"].map(lambda rank: int(rank[:13], 16) / 2**52)  # 52 bits: a float holds them exactly
    total = groups.groupby("label")["size"].transform("sum")
    # A group goes where its middle falls: no border is off by more than half a group.
    return (groups.groupby("label")["size"].cumsum() - groups["size"] / 2) / total


def _check_parts(splits: pd.DataFrame, params: Split, *, has_given_groups: bool) -> None:
    kind, more = "groups of copies", "photos"
    if has_given_groups:
        kind, more = "groups that stay together", "photos of other groups"
    for label, own in splits.groupby("label"):
        missing = set(PARTS) - set(own["part"])
        if missing:
            part, count = min(missing), own["group"].nunique()
            if count < len(PARTS):
                remedy = f"Each of the three parts needs a group: add {more}"
            else:
                remedy = f"Add {more}, or {_remedy(part, params)} in params.yaml"
            raise UserError(
                f"class {label!r}: its {len(own)} photos (in {count} {kind}) leave the part {part} empty. {remedy}."
            )


def _remedy(part: str, params: Split) -> str:
    if params.method == "given":
        return "choose split.method: stratified"
    if params.folds is not None:
        remedy = "lower split.folds"
    else:
        remedy = f"raise split.{part}_share" if part != "train" else "lower the other parts' shares"
    exact = ", or choose split.method: stratified, whose shares are exact," if params.method == "stable" else ""
    return remedy + exact


def audit(splits: pd.DataFrame, params: Split, *, seed: int, photos: pd.DataFrame | None = None) -> dict[str, Any]:
    """Count what was assigned. Raises AssertionError if any group lies in two parts.

    `photos` is the manifest: so is each group of the user's (column given_group), if it has any.
    """
    overlap = _in_two_parts(splits, splits["group"])
    if overlap:
        raise AssertionError(f"{overlap} groups of copies lie in two parts")
    counts = splits.groupby(["label", "part"]).size().unstack(fill_value=0)
    return {
        "made_with": {**_used(params), "seed": seed},
        "photos": {part: int((splits["part"] == part).sum()) for part in PARTS},
        "groups": {part: int(splits.loc[splits["part"] == part, "group"].nunique()) for part in PARTS},
        "classes": {str(label): {part: int(row[part]) for part in PARTS} for label, row in counts.iterrows()},
        "groups_in_two_parts": overlap,
        **(_audit_given_groups(splits, photos) if photos is not None and "given_group" in photos else {}),
    }


def _audit_given_groups(splits: pd.DataFrame, photos: pd.DataFrame) -> dict[str, int]:
    """Count the user's own groups by their own names, whatever groups they were joined to."""
    given = splits["id"].map(photos.set_index("id")["given_group"])
    overlap = _in_two_parts(splits, given)
    if overlap:
        raise AssertionError(f"{overlap} groups of labels.csv lie in two parts")
    return {"given_groups": int(given.nunique()), "given_groups_in_two_parts": overlap}


def _in_two_parts(splits: pd.DataFrame, groups: pd.Series) -> int:
    return int((splits["part"].groupby(groups).nunique() > 1).sum())


def _used(params: Split) -> dict[str, Any]:
    """Return the keys that decided: no key that is off, and no shares where folds took their place."""
    shares = {"valid_share", "test_share"} if params.folds is not None else set()
    return params.model_dump(exclude_none=True, exclude=shares)


def count_changes(old: pd.DataFrame, new: pd.DataFrame) -> dict[str, int]:
    """Count the photos (by id) that changed their part, that are new, and that are gone."""
    before, after = old.set_index("id")["part"], new.set_index("id")["part"]
    both = after.index.intersection(before.index)
    moved = int((before[both] != after[both]).sum())
    return {"moved": moved, "added": len(after) - len(both), "removed": len(before) - len(both)}
