"""A picture of the copies that ingest found: a row per group, each photo's name and label below it."""

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from pixelproof.data.ingest.contact import Read, tile_of
from pixelproof.data.sheets.sheet import BACKDROP, SheetLayout, SheetSection, write_sections

LAYOUT = SheetLayout(columns=6, tile_px=144, gap_px=8, backdrop=BACKDROP)
GROUPS = 30  # shown, each with a row of photos


def write_copies(copies: pd.DataFrame, read: Read, path: Path) -> None:
    """Write the groups of copies (rows of the manifest with `group` and `reason`): label conflicts, then the largest.

    Without any, the picture says so.
    """
    shown = _order(copies)[:GROUPS]
    by_group = copies[copies["group"].isin(shown)].groupby("group")
    sections = [_section(by_group.get_group(group), read) for group in shown]
    title = f"Copies: {len(copies):,} photos in {copies['group'].nunique():,} groups" if shown else "Copies: none"
    write_sections([*_caption(copies, len(shown)), *sections], path, LAYOUT, title)


def _order(copies: pd.DataFrame) -> list[str]:
    groups = copies.groupby("group").agg(labels=("label", "nunique"), photos=("id", "size"), first=("id", "min"))
    groups["conflict"] = groups["labels"] > 1
    return list(groups.sort_values(["conflict", "photos", "first"], ascending=[False, False, True]).index)


def _caption(copies: pd.DataFrame, shown: int) -> Iterator[SheetSection]:
    more = copies["group"].nunique() - shown
    if not shown:
        yield SheetSection([], "No photo was found twice.")
    elif more:
        yield SheetSection(
            [], f"Those with several labels first, then the largest; {more:,} more groups are not shown."
        )


def _section(copies: pd.DataFrame, read: Read) -> SheetSection:
    photos = _chosen(copies).itertuples()
    tiles = [
        tile_of(str(photo.id), read, LAYOUT.tile_px, name=str(photo.id), detail=str(photo.label)) for photo in photos
    ]
    return SheetSection(tiles, _heading(copies))


def _heading(copies: pd.DataFrame) -> str:
    labels = ", ".join(f"{count:,} {label}" for label, count in copies["label"].value_counts().items())
    pictures = copies["pixels_sha256"].nunique()
    kind = f"near copies, in {pictures:,} versions" if pictures > 1 else "the same picture"
    reasons = ", ".join(sorted(set(copies["reason"]) - {""}))
    return f"{labels}: {kind}{f'; in quarantine: {reasons}' if reasons else ''}"


def _chosen(copies: pd.DataFrame) -> pd.DataFrame:
    """Choose what differs: a photo of each label, then one of each different picture, then any."""
    turn = copies.groupby("label")["id"].cumcount().clip(upper=1)
    again = copies.groupby("pixels_sha256")["id"].cumcount()
    return copies.assign(turn=turn, again=again).sort_values(["turn", "again", "id"]).head(LAYOUT.columns)
