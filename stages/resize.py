"""Bring every accepted photo to one size.

    python -m stages.resize

Reads   data/ingested/manifest.parquet, reports/ingest.json (the order of the classes, limits), ingest.source
Writes  data/resized/ (an image store)
"""

from hashlib import sha256
from pathlib import Path

import pandas as pd

from pixelproof import console
from pixelproof.data.resize import resize_photos
from pixelproof.data.sources.source import open_source
from pixelproof.files import read_json
from pixelproof.files.journal import continuing, fingerprint
from pixelproof.params.ingest import Ingest
from pixelproof.params.resize import Resize
from pixelproof.params.section import load_section
from pixelproof.paths import INGEST_REPORT, MANIFEST, RESIZED, WORK


def main() -> None:
    params = load_section(Resize)
    report = read_json(INGEST_REPORT)
    classes, accepts = list(report["classes"]), report["accepts"]
    photos = pd.read_parquet(MANIFEST)
    work = fingerprint(sha256(MANIFEST.read_bytes()).hexdigest(), classes, params.model_dump(), accepts)
    with open_source(Path(load_section(Ingest).source), WORK) as source, continuing(RESIZED, work) as (folder, journal):
        resize_photos(source, photos, classes, params, folder, journal, accepts)


if __name__ == "__main__":
    console.run(main)
