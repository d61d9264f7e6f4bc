"""Time and memory to group the copies among a million photos and to split them.

    python -m benchmarks.million [ROWS] [BITS]

The manifest is synthetic: two fifths of the rows are random, a fifth are near copies of those, a fifth are one picture
saved again and again (few hashes, mostly equal), a fifth are similar, like scans of the same kind of page.
"""

import argparse
import resource
import time
from hashlib import sha256

import numpy as np
import pandas as pd
from rich.console import Console

from pixelproof import console
from pixelproof.data.ingest.conflicts import resolve_copies
from pixelproof.data.splits import audit, split_photos
from pixelproof.params.ingest import Ingest
from pixelproof.params.split import Split

WORDS = 5  # uint64 of a photo: its 64-bit hash, then its 256-bit one
ALIKE = 0.25  # share of bits in which similar pages differ from their common pattern


def synthetic_manifest(rows: int, seed: int = 0) -> pd.DataFrame:
    """Return a manifest of `rows` photos in two classes; every tenth is the same picture as another."""
    rng = np.random.default_rng(seed)
    hashes, labels = simulated_hashes(rows, rng)
    shown = np.where(rng.random(rows) < 0.1, rng.integers(0, rows, rows), np.arange(rows))
    return pd.DataFrame(
        {
            "id": [f"{number}.jpg" for number in range(rows)],
            "label": labels[shown],
            "given_part": pd.Series(np.nan, range(rows)).astype("str"),
            "format": "JPEG",
            "bytes": 1,
            "sha256": "",
            "width": 64,
            "height": 64,
            "pixels_sha256": [sha256(str(number).encode()).hexdigest() for number in shown],
            "perceptual_hash": [f"{coarse:016x}" for coarse in hashes[shown, 0]],
            "fine_hash": [fine.astype(">u8").tobytes().hex() for fine in hashes[shown, 1:]],
        }
    )


def simulated_hashes(rows: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return uint64 (rows, WORDS) and labels, in random order; one near copy in fifty has the wrong label."""
    fifth = rows // 5
    different = random_words(rng, rows - 3 * fifth)
    original = rng.integers(0, len(different), fifth)
    near = flipped(different[original], 0.03, rng)
    one = flipped(np.repeat(random_words(rng, 1), fifth, axis=0), 0.005, rng)
    alike = flipped(np.repeat(random_words(rng, 1), fifth, axis=0), ALIKE, rng)
    own = rng.integers(0, 2, len(different))
    copied = own[original] ^ (rng.random(fifth) < 0.02)
    labels = np.concatenate([own, copied, rng.integers(0, 2, 2 * fifth)])
    order = rng.permutation(rows)
    return np.concatenate([different, near, one, alike])[order], np.array(["a", "b"])[labels[order]]


def random_words(rng: np.random.Generator, rows: int) -> np.ndarray:
    return rng.integers(0, 2**64, (rows, WORDS), dtype=np.uint64)


def flipped(words: np.ndarray, share: float, rng: np.random.Generator) -> np.ndarray:
    """Flip a random share of the bits."""
    result = words.copy()
    for bit in range(64):
        result ^= (rng.random(words.shape) < share).astype(np.uint64) << np.uint64(bit)
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure how long copies among many photos take to group and split.")
    parser.add_argument("rows", nargs="?", type=int, default=1_000_000)
    parser.add_argument("bits", nargs="?", type=int, default=8, help="ingest.near_duplicate_bits")
    arguments = parser.parse_args()
    photos = synthetic_manifest(arguments.rows)
    usual = {"source": "photos", "min_images_per_class": 1, "min_side_px": 1, "max_quarantined_share": 1.0}
    split = Split(method="stratified", valid_share=0.15, test_share=0.15)
    began, began_cpu = time.perf_counter(), time.process_time()
    found = resolve_copies(photos, Ingest.model_validate({**usual, "near_duplicate_bits": arguments.bits}))
    grouped, grouped_cpu = time.perf_counter(), time.process_time()
    audit(split_photos(found.photos, split, seed=7), split, seed=7)
    done, done_cpu = time.perf_counter(), time.process_time()
    Console(highlight=False).print(
        f"{len(photos):,} photos, near_duplicate_bits {arguments.bits}: {found.copies['group'].nunique():,} groups of "
        f"copies, {len(found.refused):,} photos refused\n"
        f"grouped in {grouped - began:.0f} s, split in {done - grouped:.0f} s "
        f"(of one core {grouped_cpu - began_cpu:.0f} s and {done_cpu - grouped_cpu:.0f} s)\n"
        f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:.2f} GiB, synthetic table included"
    )


if __name__ == "__main__":
    console.run(main)
