"""The suspected photos on one sheet: each with its label, and what is said against it."""

from pathlib import Path

import pandas as pd

from pixelproof.data.images.store import ImageStore
from pixelproof.data.sheets.sheet import BACKDROP, SheetLayout, SheetSection, Tile, thumbnail, write_sections

LAYOUT = SheetLayout(columns=8, tile_px=136, gap_px=8, backdrop=BACKDROP)
SHOWN = 6 * LAYOUT.columns


def write_suspects(table: pd.DataFrame, store: ImageStore, path: Path) -> None:
    """Write the first SHOWN suspects as one PNG; `table` has the columns path, label and reason, suspects first."""
    suspects = table[table["reason"] != ""]
    shown = suspects.head(SHOWN)
    tiles = [
        Tile(thumbnail(image, LAYOUT.tile_px), f"labelled {label}", f"{reason} ({id})")
        for image, id, label, reason in zip(
            store.named(shown["path"].tolist()), shown["path"], shown["label"], shown["reason"], strict=True
        )
    ]
    heading = (
        f"{len(suspects):,} of {len(table):,} photos, the first {len(shown)} here; all are in reports/suspects.csv"
    )
    sections = [SheetSection(tiles, heading if tiles else "none")]
    write_sections(sections, path, LAYOUT, "Suspected labels and pictures")
