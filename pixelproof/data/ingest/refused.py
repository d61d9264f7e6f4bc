"""The quarantine sheet: what the files that cannot be used look like, and why they cannot."""

from pathlib import Path
from typing import Any

import pandas as pd

from pixelproof.data.ingest.contact import Read, tile_of
from pixelproof.data.sheets.sheet import BACKDROP, Layout, Section, Tile, write_sections

LAYOUT = Layout(columns=6, tile_px=168, gap_px=10, backdrop=BACKDROP)
FILES = 4 * LAYOUT.columns  # of one reason, at the most


def write_quarantine_sheet(quarantine: pd.DataFrame, accepted: int, read: Read, path: Path) -> None:
    """Write a tile per refused file (columns path, reason, detail, bytes), by reason; `accepted` counts the others."""
    if quarantine.empty:
        nothing = Section([], f"No file had to be refused: all {accepted:,} can be used.")
        write_sections([nothing], path, LAYOUT, title="Quarantine: empty")
        return
    sections = [_section(str(reason), files, read) for reason, files in quarantine.groupby("reason")]
    title = f"Quarantine: {len(quarantine):,} of {len(quarantine) + accepted:,} files"
    write_sections(sections, path, LAYOUT, title)


def _section(reason: str, files: pd.DataFrame, read: Read) -> Section:
    shown = files.head(FILES)
    more = f"; {len(files) - len(shown):,} more in quarantine.csv" if len(files) > len(shown) else ""
    tiles = [_tile(file, read) for file in shown.itertuples()]
    return Section(tiles, f"{reason}: {len(files):,}{more}")


def _tile(file: Any, read: Read) -> Tile:
    if pd.isna(file.bytes):  # ingest could or would not read it; a named pipe, say, would wait for ever
        return Tile(None, file.path, file.detail, file.reason)
    return tile_of(file.path, read, LAYOUT.tile_px, name=file.path, detail=file.detail, instead=file.reason)
