"""Copies that cannot be used: placeholders, pictures under two labels, copies of photos in a part that evaluates."""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd

from pixelproof.data.ingest.duplicates import copied_into, group_copies, label_conflicts, repeated
from pixelproof.data.ingest.given_groups import join_given_groups
from pixelproof.params.ingest import Ingest

NAMED = 6  # copies that a row of the quarantine names; the rest are counted

QuarantineRow = dict[str, Any]  # of the quarantine


@dataclass(frozen=True)
class ResolvedCopies:
    """Photos with their `group`, and what became of the copies among them."""

    photos: pd.DataFrame  # those that can be used; the user's own groups are part of their `group`, not of copies'
    refused: list[QuarantineRow]  # those that cannot
    copies: pd.DataFrame  # every photo whose group holds others, and its `reason`, empty where it can be used


def resolve_copies(photos: pd.DataFrame, params: Ingest) -> ResolvedCopies:
    """Group the copies among the photos that were read (manifest rows); refuse those that cannot be used."""
    photos = photos.assign(group=group_copies(photos, params.near_duplicate_bits or 0))
    left = photos
    refused: list[QuarantineRow] = []
    for refuse in (_placeholders, _conflicts, _copies):
        rows = refuse(left, params)
        refused += rows
        left = left[~left["id"].isin([row["path"] for row in rows])]
    grouped = photos[photos["group"].duplicated(keep=False)]
    reasons = {row["path"]: row["reason"] for row in refused}
    # Last: only copies are in conflict, and only what is left joins groups.
    left = left.assign(group=join_given_groups(left))
    return ResolvedCopies(left, refused, grouped.assign(reason=[reasons.get(id, "") for id in grouped["id"]]))


def _placeholders(photos: pd.DataFrame, params: Ingest) -> list[QuarantineRow]:
    """Refuse the groups with a picture that stands there too many times, whatever its labels."""
    if params.placeholder_copies is None:
        return []
    limit = f"; ingest.placeholder_copies is {params.placeholder_copies}"
    return _whole(photos[repeated(photos, params.placeholder_copies)], "placeholder repeated", limit)


def _conflicts(photos: pd.DataFrame, params: Ingest) -> list[QuarantineRow]:
    """Refuse the groups that stand under two labels."""
    return _whole(photos[label_conflicts(photos)], "label conflict")


def _copies(photos: pd.DataFrame, params: Ingest) -> list[QuarantineRow]:
    """Refuse each photo whose picture a part above its own holds.

    The test part stays as it was given, so that its results compare with others'.
    """
    above = copied_into(photos)
    originals = photos[photos["group"].isin(photos.loc[above.notna(), "group"])]
    same = originals.set_index(["pixels_sha256", "given_part"])["id"].to_dict()
    near = originals.set_index(["group", "given_part"])["id"].to_dict()
    rows = []
    for photo, part in zip(photos[above.notna()].itertuples(), above[above.notna()], strict=True):
        kept = same.get((photo.pixels_sha256, part))
        detail = f"the same picture as {kept}" if kept else f"a near copy of {near[photo.group, part]}"
        rows.append(_refused(photo, f"copy of a {part} photo", detail))
    return rows


def _whole(photos: pd.DataFrame, reason: str, note: str = "") -> list[QuarantineRow]:
    """Refuse whole groups; each photo's row names the others."""
    groups = defaultdict(list)
    for photo in photos.itertuples():
        groups[photo.group].append(photo)
    return [
        _refused(photo, reason, named + note)
        for copies in groups.values()
        for photo, named in zip(copies, _others(copies), strict=True)
    ]


def _refused(photo: Any, reason: str, detail: str) -> QuarantineRow:
    """Return the quarantine row of a photo (a manifest row) that could be read, and still cannot be used."""
    content = {"format": photo.format, "bytes": photo.bytes, "sha256": photo.sha256}
    return {"path": photo.id, "reason": reason, "detail": detail, **content}


def _others(copies: list[Any]) -> Iterator[str]:
    """Say for each photo of a group, in order, of which photos it is the same picture and of which a near copy."""
    sizes = Counter(photo.pixels_sha256 for photo in copies)
    same, pictures = _first(copies)
    for photo in copies:
        alike = sizes[photo.pixels_sha256]
        others = [other for other in pictures if other.pixels_sha256 != photo.pixels_sha256]
        kinds = [
            _listed("the same picture as", photo, same[photo.pixels_sha256], alike - 1),
            _listed("a near copy of", photo, others, len(copies) - alike),
        ]
        yield "; ".join(filter(None, kinds))


def _first(copies: list[Any]) -> tuple[dict[str, list[Any]], list[Any]]:
    """Return the first photos of each picture, and the first different pictures: so few of each label as are named."""
    same: dict[str, list[Any]] = defaultdict(list)
    pictures = []
    seen: Counter[tuple[str, str]] = Counter()
    for photo in copies:
        seen[photo.pixels_sha256, photo.label] += 1
        if seen[photo.pixels_sha256, photo.label] <= NAMED + 1:
            same[photo.pixels_sha256].append(photo)
        if seen[photo.pixels_sha256, photo.label] == 1:
            seen["", photo.label] += 1  # different pictures of this label
            if seen["", photo.label] <= NAMED + 1:
                pictures.append(photo)
    return same, pictures


def _listed(kind: str, photo: Any, others: list[Any], count: int) -> str:
    """Name some of `count` others; those under other labels go first, for a person has to look at them."""
    others = sorted((other for other in others if other.id != photo.id), key=lambda other: other.label == photo.label)
    names = sorted(other.id for other in others[:NAMED])
    more = f" and {count - len(names)} more" if count > len(names) else ""
    return f"{kind} {', '.join(names)}{more}" if count else ""
