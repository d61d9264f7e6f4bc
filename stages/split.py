"""Assign every photo to train, valid or test; copies of one photo stay together.

    python -m stages.split

Reads   data/ingested/manifest.parquet
Writes  data/splits.csv, reports/split.csv (the counts, for the plot), reports/split.json
"""

import logging

import pandas as pd

from pixelproof import console
from pixelproof.data.splits import audit, split_photos
from pixelproof.evidence.census import class_counts
from pixelproof.files import write_json, write_text
from pixelproof.params import load_params
from stages.paths import MANIFEST, SPLIT_COUNTS, SPLIT_REPORT, SPLITS


def main() -> None:
    params = load_params()
    splits = split_photos(pd.read_parquet(MANIFEST), params.split, seed=params.seed)
    report = audit(splits, params.split, seed=params.seed)
    write_text(SPLITS, splits.to_csv(index=False))
    write_text(SPLIT_COUNTS, class_counts(splits, splits["part"]).to_csv(index=False))
    write_json(SPLIT_REPORT, report)
    logging.info("photos: %s", ", ".join(f"{part} {count:,}" for part, count in report["photos"].items()))


if __name__ == "__main__":
    console.run(main)
