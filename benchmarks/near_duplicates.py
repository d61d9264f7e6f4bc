"""What `ingest.near_duplicate_bits` finds: copies of real photos, and pairs among the photos themselves.

    python -m benchmarks.near_duplicates FOLDER [--every N]

FOLDER holds photos, in class folders or not. Every N-th one is copied in all ways of COPIES; all are compared with all.
"""

import argparse
import io
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from PIL import Image
from rich.console import Console

from pixelproof import console
from pixelproof.data.ingest.facts import examine
from pixelproof.data.ingest.near import FINE_LIMIT
from pixelproof.data.ingest.perceptual import perceptual_hashes
from pixelproof.data.photos.bad_image import BadImageError
from pixelproof.data.photos.decode import decode
from pixelproof.data.photos.opening import quiet_pillow
from pixelproof.errors import UserError

BITS = (0, 2, 4, 6, 8, 10)
Copy = Callable[[Image.Image], np.ndarray]
Hashes = tuple[str | None, str | None]  # as of perceptual_hashes


def saved(image: Image.Image, format: str, quality: int) -> np.ndarray:
    file = io.BytesIO()
    image.save(file, format, quality=quality)
    with Image.open(file) as again:
        return np.asarray(again.convert("RGB"))


def resized(image: Image.Image, scale: float) -> Image.Image:
    return image.resize((max(1, round(image.width * scale)), max(1, round(image.height * scale))))


def trimmed(image: Image.Image, share: float) -> np.ndarray:
    x, y = round(share * image.width), round(share * image.height)
    return np.asarray(image.crop((x, y, image.width - x, image.height - y)))


COPIES: dict[str, Copy] = {
    "JPEG, quality 85": lambda image: saved(image, "JPEG", 85),
    "JPEG, quality 40": lambda image: saved(image, "JPEG", 40),
    "WebP, quality 60": lambda image: saved(image, "WEBP", 60),
    "90 %, JPEG, quality 75": lambda image: saved(resized(image, 0.9), "JPEG", 75),
    "50 %, JPEG, quality 60": lambda image: saved(resized(image, 0.5), "JPEG", 60),
    "30 %, JPEG, quality 40": lambda image: saved(resized(image, 0.3), "JPEG", 40),
    "70 %, PNG": lambda image: np.asarray(resized(image, 0.7)),
    "2 % trimmed off each side": lambda image: trimmed(image, 0.02),
    "5 % trimmed off each side": lambda image: trimmed(image, 0.05),
    "mirrored": lambda image: np.asarray(image)[:, ::-1],
}


def photos(folder: Path) -> Iterator[tuple[Path, np.ndarray]]:
    """Yield the readable photos below the folder, as RGB."""
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        try:
            facts = examine(path.read_bytes())
            yield path, decode(path.read_bytes(), facts.format, facts.mode, facts.orientation, "rgb")
        except BadImageError:
            continue


def words(hashes: list[Hashes]) -> np.ndarray:
    """Return hashes as uint64 (n, 5): the 64 bits, then the 256."""
    return np.array([np.frombuffer(bytes.fromhex(f"{coarse}{fine}"), ">u8") for coarse, fine in hashes], np.uint64)


def distances(one: np.ndarray, other: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the number of bits, of the 64 and of the 256, in which hashes differ."""
    bits = np.bitwise_count(one ^ other).astype(int)
    return bits[..., 0], bits[..., 1:].sum(axis=-1)


def found_rates(hashes: np.ndarray, altered: dict[str, list[tuple[int, Hashes]]]) -> list[str]:
    """Return the share of each kind of copy that is found; one too small for a hash is not."""
    lines = [f"| copy | {' | '.join(map(str, BITS))} |", "| --- " + "| ---: " * len(BITS) + "|"]
    for kind, copies in altered.items():
        hashed = [(position, hash) for position, hash in copies if hash[0]]
        coarse, fine = distances(hashes[[position for position, _ in hashed]], words([hash for _, hash in hashed]))
        rates = [((coarse <= bits) & (fine <= FINE_LIMIT)).sum() / len(copies) for bits in BITS]
        lines.append(f"| {kind} | {' | '.join(f'{rate:.1%}' for rate in rates)} |")
    return lines


def pair_counts(hashes: np.ndarray, labels: np.ndarray) -> list[str]:
    """Count the pairs among the photos themselves within each number of bits."""
    later = (i + 1 + np.flatnonzero(distances(own, hashes[i + 1 :])[0] <= max(BITS)) for i, own in enumerate(hashes))
    pairs = [(i, j) for i, others in enumerate(later) for j in others]
    first, second = np.array(pairs, int).reshape(-1, 2).T
    coarse, fine = distances(hashes[first], hashes[second])
    kinds = {
        "pairs by the 64 bits alone": np.ones(len(pairs), bool),
        f"of these, within {FINE_LIMIT} of the 256 bits: one group": fine <= FINE_LIMIT,
        "of these, in two folders": (fine <= FINE_LIMIT) & (labels[first] != labels[second]),
    }
    return [
        f"| {kind} | {' | '.join(str(int((chosen & (coarse <= bits)).sum())) for bits in BITS)} |"
        for kind, chosen in kinds.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what ingest.near_duplicate_bits finds among your photos.")
    parser.add_argument("folder", type=Path, help="a folder of photos")
    parser.add_argument("--every", type=int, default=1, help="copy each N-th photo only")
    arguments = parser.parse_args()
    if not arguments.folder.is_dir():
        raise UserError(f"{arguments.folder}: there is no such folder. Name one with photos.")
    hashes: list[Hashes] = []
    labels: list[str] = []
    altered: dict[str, list[tuple[int, Hashes]]] = defaultdict(list)
    with quiet_pillow():
        for number, (path, pixels) in enumerate(photos(arguments.folder)):
            own = perceptual_hashes(pixels)
            if own[0] is None:
                continue
            if number % arguments.every == 0:
                for kind, copy in COPIES.items():
                    altered[kind].append((len(hashes), perceptual_hashes(copy(Image.fromarray(pixels)))))
            hashes.append(own)
            labels.append(path.parent.name)
    if not hashes:
        raise UserError(f"{arguments.folder}: no photo there has a hash (64 px a side at least, not blank).")
    together = words(hashes)
    lines = found_rates(together, altered) + pair_counts(together, np.array(labels))
    Console(width=200, highlight=False).print(f"{len(hashes):,} photos with a hash\n", *lines, sep="\n")


if __name__ == "__main__":
    console.run(main)
