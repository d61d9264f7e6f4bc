"""Read and fully decode every file of the source; account for each.

    python -m stages.ingest

Reads   ingest.source (never writes to it)
Writes  data/ingested/manifest.parquet, reports/quarantine.csv, reports/ingest.json, reports/duplicates.png
"""

import logging
from pathlib import Path

from pixelproof import console
from pixelproof.data.manifest import Inventory, take_inventory
from pixelproof.evidence.copies import write_copies
from pixelproof.files import replacing, write_json, write_text
from pixelproof.params import load_params
from stages.paths import DUPLICATES, INGEST_REPORT, INGESTED, MANIFEST, QUARANTINE


def write_inventory(inventory: Inventory, source: str) -> None:
    with replacing(INGESTED) as folder:
        folder.mkdir()
        inventory.photos.to_parquet(folder / MANIFEST.name, index=False)
    write_text(QUARANTINE, inventory.quarantine.to_csv(index=False))
    write_json(INGEST_REPORT, {"source": source, **inventory.report()})


def main() -> None:
    params = load_params()
    inventory = take_inventory(Path(params.ingest.source), params.ingest)
    write_inventory(inventory, params.ingest.source)
    with replacing(DUPLICATES) as beside:
        write_copies(inventory.copies, lambda id: (Path(params.ingest.source) / id).read_bytes(), beside)
    logging.info(
        "%d photos in %d classes; %d in quarantine (%s)",
        len(inventory.photos),
        len(inventory.classes),
        len(inventory.quarantine),
        QUARANTINE,
    )


if __name__ == "__main__":
    console.run(main)
