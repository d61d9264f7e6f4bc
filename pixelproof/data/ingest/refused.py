"""The quarantine sheet: what the files that cannot be used look like, and why; also the damaged ones that are used."""

from pathlib import Path
from typing import Any

import pandas as pd

from pixelproof.data.ingest.contact import Read, tile_of
from pixelproof.data.photos.reading import DAMAGE
from pixelproof.data.sheets.sheet import BACKDROP, SheetLayout, SheetSection, Tile, write_sections

LAYOUT = SheetLayout(columns=6, tile_px=168, gap_px=10, backdrop=BACKDROP)
FILES = 4 * LAYOUT.columns  # of one reason, at the most


def write_quarantine_sheet(quarantine: pd.DataFrame, photos: pd.DataFrame, read: Read, path: Path) -> None:
    """Write a tile per refused file (columns path, reason, detail, bytes), by reason.

    Of the accepted `photos` (columns id, note) those follow whose data are damaged, though no pixels are missing.
    """
    sections = [_section(str(reason), files, read) for reason, files in quarantine.groupby("reason")]
    if quarantine.empty:
        sections = [SheetSection([], f"No file had to be refused: all {len(photos):,} can be used.")]
    damaged = photos[photos["note"].str.contains(DAMAGE, regex=False)]
    if len(damaged):
        sections.append(_damaged_section(damaged, read))
    counts = f"{len(quarantine):,} of {len(quarantine) + len(photos):,} files"
    write_sections(sections, path, LAYOUT, title=f"Quarantine: {'empty' if quarantine.empty else counts}")


def _section(reason: str, files: pd.DataFrame, read: Read) -> SheetSection:
    tiles = [_tile(file, read) for file in files.head(FILES).itertuples()]
    return SheetSection(tiles, f"{reason}: {len(files):,}{_more(files, 'quarantine.csv')}")


def _damaged_section(photos: pd.DataFrame, read: Read) -> SheetSection:
    tiles = [
        tile_of(str(photo.id), read, LAYOUT.tile_px, name=str(photo.id), detail=str(photo.note))
        for photo in photos.head(FILES).itertuples()
    ]
    return SheetSection(tiles, f"accepted, but look at them ({DAMAGE}): {len(photos):,}{_more(photos, 'the manifest')}")


def _more(files: pd.DataFrame, place: str) -> str:
    return f"; {len(files) - FILES:,} more in {place}" if len(files) > FILES else ""


def _tile(file: Any, read: Read) -> Tile:
    if pd.isna(file.bytes):  # ingest could or would not read it; a named pipe, say, would wait for ever
        return Tile(None, file.path, file.detail, file.reason)
    return tile_of(file.path, read, LAYOUT.tile_px, name=file.path, detail=file.detail, instead=file.reason)
