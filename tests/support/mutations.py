"""Damaged image files without end: each a pure function of a seed and of the whole files that it is made from."""

import io
from collections.abc import Callable, Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from tests.support.photos import photo

LARGEST = 64 * 1024  # bytes of a file to damage: what is small is decoded quickly
HEADER = 64  # bytes at the beginning that hold sizes, offsets and modes in most formats
TIFF_COMPRESSIONS = ("raw", "packbits", "tiff_lzw", "tiff_adobe_deflate", "jpeg", "zstd", "lzma")
BILEVEL_COMPRESSIONS = ("group3", "group4", "tiff_ccitt")
MOST_PER_KIND = 60
Corpus = dict[bytes, list[bytes]]
EDGES = (0x00, 0x01, 0x7F, 0x80, 0xFF)  # values that turn a size or an offset into something else


def corpus(folders: Iterable[Path]) -> Corpus:
    """Return the small files of the folders and a generated photo of every kind, grouped by their first bytes.

    JPEGs are many and all other formats few; by kind each of them is damaged as often.
    """
    paths = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    files = [*samples(), *(path.read_bytes() for path in paths if 0 < path.stat().st_size <= LARGEST)]
    kinds: Corpus = {}
    for data in sorted(files, key=len):
        kinds.setdefault(data[:4], []).append(data)
    return {kind: files[:MOST_PER_KIND] for kind, files in kinds.items()}


def samples() -> list[bytes]:
    """Return a small photo in every format, compression and kind of animation that Pillow can write.

    But no animated AVIF, in which its encoder writes down the time: a seed must give the same file tomorrow.
    """
    first, second = photo("bars", 0), photo("dots", 0)
    grey, alpha = first.convert("L"), first.convert("RGBA")
    alpha.putalpha(grey)
    animated = {"save_all": True, "append_images": [second, first], "duration": 50}
    return [
        *(_encoded(first, format) for format in ("BMP", "PPM", "JPEG", "JPEG2000", "PNG", "WEBP", "AVIF")),
        *(_encoded(first, format, **animated) for format in ("GIF", "PNG", "WEBP", "TIFF", "MPO")),
        *(_encoded(first.quantize(), format) for format in ("BMP", "GIF", "PNG", "TIFF")),
        *(_encoded(alpha, format) for format in ("PNG", "WEBP", "TIFF", "AVIF", "JPEG2000")),
        *(_encoded(first, "TIFF", compression=name) for name in TIFF_COMPRESSIONS),
        *(_encoded(grey.convert("1"), "TIFF", compression=name) for name in BILEVEL_COMPRESSIONS),
        *(_encoded(grey.convert(mode), "TIFF") for mode in ("I", "F", "I;16", "1")),
        _encoded(first.convert("CMYK"), "JPEG"),
        _encoded(grey, "JPEG", progressive=True),
        _encoded(first, "JPEG", progressive=True, subsampling=0),
    ]


def _encoded(image: Image.Image, format: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def mutate(kinds: Corpus, seed: int) -> bytes:
    """Return a file of the corpus with one to four damages, all drawn from `seed`."""
    rng = np.random.default_rng(seed)
    data = _draw(kinds, rng)
    for _ in range(rng.integers(1, 5)):
        data = DAMAGES[rng.integers(len(DAMAGES))](data, kinds, rng)
    return data


def _draw(kinds: Corpus, rng: np.random.Generator) -> bytes:
    files = list(kinds.values())[rng.integers(len(kinds))]
    return files[rng.integers(len(files))]


def _flip_bits(data: bytes, kinds: Corpus, rng: np.random.Generator) -> bytes:
    flipped = bytearray(data)
    for where in rng.integers(len(data), size=min(len(data), rng.integers(1, 17))):
        flipped[where] ^= 1 << int(rng.integers(8))
    return bytes(flipped)


def _damage_header(data: bytes, kinds: Corpus, rng: np.random.Generator) -> bytes:
    damaged = bytearray(data)
    for where in rng.integers(min(len(data), HEADER), size=rng.integers(1, 5)):
        damaged[where] = rng.choice(EDGES) if rng.random() < 0.5 else rng.integers(256)
    return bytes(damaged)


def _cut(data: bytes, kinds: Corpus, rng: np.random.Generator) -> bytes:
    return data[: rng.integers(1, len(data) + 1)]


def _remove_run(data: bytes, kinds: Corpus, rng: np.random.Generator) -> bytes:
    start, length = _run(data, rng)
    return data[:start] + data[start + length :] or data


def _zero_run(data: bytes, kinds: Corpus, rng: np.random.Generator) -> bytes:
    start, length = _run(data, rng)
    return data[:start] + bytes(length) + data[start + length :]


def _insert_run(data: bytes, kinds: Corpus, rng: np.random.Generator) -> bytes:
    start, length = _run(data, rng)
    return data[:start] + rng.bytes(length) + data[start:]


def _repeat_run(data: bytes, kinds: Corpus, rng: np.random.Generator) -> bytes:
    start, length = _run(data, rng)
    return data[:start] + data[start : start + length] * int(rng.integers(2, 6)) + data[start + length :]


def _splice(data: bytes, kinds: Corpus, rng: np.random.Generator) -> bytes:
    other = _draw(kinds, rng)
    return data[: rng.integers(1, len(data) + 1)] + other[rng.integers(len(other)) :]


def _run(data: bytes, rng: np.random.Generator) -> tuple[int, int]:
    """Draw where a run begins and how long it is: short ones as likely as long ones."""
    start = int(rng.integers(len(data)))
    return start, min(len(data) - start, 2 ** int(rng.integers(11)))


Damage = Callable[[bytes, Corpus, np.random.Generator], bytes]
DAMAGES: tuple[Damage, ...] = (
    _flip_bits,
    _damage_header,
    _cut,
    _remove_run,
    _zero_run,
    _insert_run,
    _repeat_run,
    _splice,
)
