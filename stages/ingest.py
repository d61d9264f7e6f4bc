"""Read and fully decode every file of the source; account for each.

    python -m stages.ingest

Reads   ingest.source (never writes to it)
Writes  data/ingested/manifest.parquet, reports/quarantine.csv, reports/ingest.json
"""

import logging
from pathlib import Path

from pixelproof import console
from pixelproof.data.manifest import Inventory, take_inventory
from pixelproof.data.sources import open_source
from pixelproof.files import replacing, write_json, write_text
from pixelproof.params import load_params
from stages.paths import INGEST_REPORT, INGESTED, MANIFEST, QUARANTINE, WORK


def write_inventory(inventory: Inventory, source: str) -> None:
    with replacing(INGESTED) as folder:
        folder.mkdir()
        inventory.photos.to_parquet(folder / MANIFEST.name, index=False)
    write_text(QUARANTINE, inventory.quarantine.to_csv(index=False))
    write_json(INGEST_REPORT, {"source": source, **inventory.report()})


def main() -> None:
    params = load_params()
    with open_source(Path(params.ingest.source), WORK) as source:
        inventory = take_inventory(source, params.ingest)
    write_inventory(inventory, params.ingest.source)
    logging.info(
        "%d photos in %d classes; %d in quarantine (%s)",
        len(inventory.photos),
        len(inventory.classes),
        len(inventory.quarantine),
        QUARANTINE,
    )


if __name__ == "__main__":
    console.run(main)
