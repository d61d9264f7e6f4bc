"""Read and fully decode every file of the source; account for each.

    python -m stages.ingest

Reads   ingest.source (never writes to it)
Writes  data/ingested/manifest.parquet, reports/quarantine.csv, reports/ingest.json,
        reports/ingest/ (tables for plots, contact sheets), reports/quarantine.png, reports/duplicates.png
"""

import logging
from pathlib import Path

from pixelproof import console
from pixelproof.data.ingest.manifest import Inventory, take_inventory
from pixelproof.data.ingest.pictures import write_pictures
from pixelproof.data.photos.limits import MAX_MEGAPIXELS
from pixelproof.data.photos.opening import formats
from pixelproof.data.sources.source import open_source
from pixelproof.files import remove, write_json, write_text
from pixelproof.files.journal import continuing, fingerprint
from pixelproof.params.ingest import Ingest
from pixelproof.params.section import load_section
from pixelproof.paths import (
    DUPLICATES,
    INGEST_PICTURES,
    INGEST_REPORT,
    INGESTED,
    MANIFEST,
    QUARANTINE,
    QUARANTINE_SHEET,
    WORK,
)


def write_inventory(inventory: Inventory, params: Ingest, folder: Path) -> None:
    remove(folder)  # begun by a run that was stopped
    folder.mkdir()
    inventory.photos.to_parquet(folder / MANIFEST.name, index=False)
    write_text(QUARANTINE, inventory.quarantine.to_csv(index=False))
    accepts = {"min_side_px": params.min_side_px, "max_megapixels": params.max_megapixels or MAX_MEGAPIXELS}
    write_json(INGEST_REPORT, {"source": params.source, "accepts": accepts, **inventory.report()})


def main() -> None:
    params = load_section(Ingest)
    # What a file's content is depends on the code, on the size that is taken for a photo, and on what can be read.
    work = fingerprint(params.max_megapixels, formats())
    with open_source(Path(params.source), WORK) as source, continuing(INGESTED, work) as begun:
        folder, journal = begun
        inventory = take_inventory(source, params, journal)
        write_inventory(inventory, params, folder)
        write_pictures(inventory, source.read, INGEST_PICTURES, QUARANTINE_SHEET, DUPLICATES)
    logging.info(
        "%d photos in %d classes; %d in quarantine (%s)",
        len(inventory.photos),
        len(inventory.classes),
        len(inventory.quarantine),
        QUARANTINE,
    )


if __name__ == "__main__":
    console.run(main)
