"""A picture of the copies that ingest found: a row per group, each photo's name and label below it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
from PIL import Image, ImageDraw, ImageFont

from pixelproof.data.decode import decode
from pixelproof.data.opening import quiet_pillow

ROWS = 30  # groups shown
COLUMNS = 6  # photos shown of a group
TILE_PX = 144
GAP_PX = 8
LINE_PX = 16
TITLE_PX = LINE_PX + GAP_PX  # above a row, and above all
STEP_PX = TILE_PX + 2 * LINE_PX + GAP_PX + TITLE_PX  # from row to row
WIDTH_PX = COLUMNS * (TILE_PX + GAP_PX) + GAP_PX

Read = Callable[[str], bytes]  # a photo's id to its file's content


def draw_copies(copies: pd.DataFrame, read: Read) -> Image.Image:
    """Draw the groups of copies (rows of the manifest with `group` and `reason`): label conflicts, then the largest.

    Without any, the picture says so.
    """
    shown = _order(copies)[:ROWS]
    sheet = Image.new("RGB", (WIDTH_PX, TITLE_PX + GAP_PX + STEP_PX * len(shown)), "white")
    draw = ImageDraw.Draw(sheet)
    _write(draw, GAP_PX, GAP_PX, _caption(copies, len(shown)), WIDTH_PX - 2 * GAP_PX)
    by_group = copies[copies["group"].isin(shown)].groupby("group")
    for row, group in enumerate(shown):
        _draw_group(sheet, TITLE_PX + GAP_PX + STEP_PX * row, by_group.get_group(group), read)
    return sheet


def write_copies(copies: pd.DataFrame, read: Read, path: Path) -> None:
    with quiet_pillow():
        draw_copies(copies, read).save(path, format="PNG")


def _order(copies: pd.DataFrame) -> list[str]:
    groups = copies.groupby("group").agg(labels=("label", "nunique"), photos=("id", "size"), first=("id", "min"))
    groups["conflict"] = groups["labels"] > 1
    return list(groups.sort_values(["conflict", "photos", "first"], ascending=[False, False, True]).index)


def _caption(copies: pd.DataFrame, shown: int) -> str:
    groups = copies["group"].nunique()
    if not groups:
        return "No photo was found twice."
    more = f"; {groups - shown:,} more groups are not shown" if groups > shown else ""
    return f"{len(copies):,} photos in {groups:,} groups of copies, those with several labels first{more}"


def _draw_group(sheet: Image.Image, top: int, copies: pd.DataFrame, read: Read) -> None:
    draw = ImageDraw.Draw(sheet)
    _write(draw, GAP_PX, top, _title(copies), WIDTH_PX - 2 * GAP_PX)
    for column, photo in enumerate(_chosen(copies).itertuples()):
        left = GAP_PX + column * (TILE_PX + GAP_PX)
        picture = _thumbnail(photo, read)
        corner = left + (TILE_PX - picture.width) // 2, top + TITLE_PX + TILE_PX - picture.height
        sheet.paste(picture, corner)
        draw.rectangle((*corner, corner[0] + picture.width - 1, corner[1] + picture.height - 1), outline="lightgrey")
        _write(draw, left, top + TITLE_PX + TILE_PX, str(photo.id), TILE_PX)
        _write(draw, left, top + TITLE_PX + TILE_PX + LINE_PX, str(photo.label), TILE_PX)


def _title(copies: pd.DataFrame) -> str:
    labels = ", ".join(f"{count:,} {label}" for label, count in copies["label"].value_counts().items())
    pictures = copies["pixels_sha256"].nunique()
    kind = f"near copies, in {pictures:,} versions" if pictures > 1 else "the same picture"
    reasons = ", ".join(sorted(set(copies["reason"]) - {""}))
    return f"{labels}: {kind}{f'; in quarantine: {reasons}' if reasons else ''}"


def _chosen(copies: pd.DataFrame) -> pd.DataFrame:
    """Choose what differs: a photo of each label, then one of each different picture, then any."""
    turn = copies.groupby("label")["id"].cumcount().clip(upper=1)
    again = copies.groupby("pixels_sha256")["id"].cumcount()
    return copies.assign(turn=turn, again=again).sort_values(["turn", "again", "id"]).head(COLUMNS)


def _thumbnail(photo: Any, read: Read) -> Image.Image:
    """Return a photo's thumbnail, decoded no larger than needed."""
    scale = TILE_PX / max(photo.width, photo.height)
    size = max(1, round(photo.width * scale)), max(1, round(photo.height * scale))
    pixels = decode(read(photo.id), photo.format, photo.mode, photo.orientation, "rgb", at_least=size[::-1])
    return Image.fromarray(pixels).resize(size, Image.Resampling.NEAREST if scale > 1 else Image.Resampling.LANCZOS)


def _write(draw: ImageDraw.ImageDraw, left: int, top: int, text: str, width: int) -> None:
    """Write one line; of a longer one, its end: file names differ there."""
    font = ImageFont.load_default(12)
    shown = text
    while shown and draw.textlength(f"…{shown}" if shown != text else text, font) > width:
        shown = shown[1:]
    draw.text((left, top), shown if shown == text else f"…{shown}", "black", font)
