"""Assign every photo to train, valid or test; copies of one photo, and groups of the user's own, stay together.

    python -m stages.split

Reads   data/ingested/manifest.parquet; for the comparison also the last commit's splits, from DVC's cache
Writes  data/splits.csv, reports/split.csv (the counts, for the plot), reports/split.json, reports/split-changes.json
"""

import logging
from typing import Any

import pandas as pd

from pixelproof import console
from pixelproof.data.images.parts import class_counts, read_splits
from pixelproof.data.splits import audit, count_changes, split_photos
from pixelproof.files import write_json, write_text
from pixelproof.params.section import load_section, load_seed
from pixelproof.params.split import Split
from pixelproof.paths import MANIFEST, SPLIT_CHANGES, SPLIT_COUNTS, SPLIT_REPORT, SPLITS
from pixelproof.repository.committed import NothingCommittedError, last_committed


def compare_with_last(splits: pd.DataFrame) -> dict[str, Any]:
    """Count what changed against the splits of the last commit; `compared_with` is None where there are none."""
    try:
        last = last_committed(SPLITS)
        return {"compared_with": last.commit, **count_changes(read_splits(last.content), splits)}
    except (NothingCommittedError, KeyError, ValueError) as error:  # also a cached file that someone has edited
        return {"compared_with": None, "reason": str(error)}


def in_words(changes: dict[str, Any]) -> str:
    if changes["compared_with"] is None:
        return f"not compared with an earlier split: {changes['reason']}"
    return f"{changes['moved']:,} moved against the split of commit {changes['compared_with']}"


def main() -> None:
    params = load_section(Split)
    seed = load_seed() if params.seed is None else params.seed
    photos = pd.read_parquet(MANIFEST)
    splits = split_photos(photos, params, seed=seed)
    report = audit(splits, params, seed=seed, photos=photos)
    write_text(SPLITS, splits.to_csv(index=False))
    write_text(SPLIT_COUNTS, class_counts(splits, splits["part"]).to_csv(index=False))
    write_json(SPLIT_REPORT, report)
    changes = compare_with_last(splits)
    write_json(SPLIT_CHANGES, changes)
    counts = ", ".join(f"{part} {count:,}" for part, count in report["photos"].items())
    logging.info("photos: %s (%s)", counts, in_words(changes))


if __name__ == "__main__":
    console.run(main)
