"""Which of many 64-bit hashes differ in few bits, without comparing all with all.

Multi-index hashing (M. Norouzi, A. Punjani, D. Fleet, 2012, "Fast Search in Hamming Space with Multi-Index Hashing"):
the 64 bits are dealt out to three pieces. Where two hashes differ in few bits, one of their pieces differs in very
few, so it is found by looking up that piece with no, one or two of its bits turned over.
"""

from collections.abc import Iterator
from itertools import combinations

import numpy as np

PIECES = 3  # of 21 or 22 bits: a million hashes then have a lookup in two found by chance
PAIRS_AT_ONCE = 2**21  # bounds the memory: some 100 MB

Pairs = tuple[np.ndarray, np.ndarray]  # positions of the first and of the second of each pair, int64


def close_pairs(hashes: np.ndarray, bits: int) -> Iterator[Pairs]:
    """Yield the pairs of hashes, uint64 and all different, that differ in at most `bits` bits, many at a time.

    A pair comes once or, where several of its pieces are alike, a few times; its order means nothing.
    """
    for piece, radius in enumerate(_radii(bits)):
        width = len(range(piece, 64, PIECES))
        keys = _piece(hashes, piece, width)
        order = np.argsort(keys, kind="stable")
        starts = np.searchsorted(keys[order], np.arange(2**width + 1))
        for mask in _masks(width, radius):
            for i, j in _pairs_with(mask, keys[order], starts):
                first, second = order[i], order[j]
                near = np.bitwise_count(hashes[first] ^ hashes[second]) <= bits
                yield first[near], second[near]


def _radii(bits: int) -> list[int]:
    """Return how many bits of each piece are turned over; a pair that no piece finds differs in more than `bits`.

    It then differs in at least radius + 1 bits of each piece, and these sum to bits + 1. (-1: the piece is not needed.)
    """
    return [(bits + 1 + piece) // PIECES - 1 for piece in range(PIECES)]


def _piece(hashes: np.ndarray, piece: int, width: int) -> np.ndarray:
    """Return every third bit of each hash; neighbouring frequencies are alike, so they are dealt to other pieces."""
    key = np.zeros(len(hashes), np.int64)
    for bit in range(width):
        key |= ((hashes >> np.uint64(piece + PIECES * bit)) & np.uint64(1)).astype(np.int64) << bit
    return key


def _masks(width: int, radius: int) -> Iterator[int]:
    for count in range(radius + 1):
        for bits in combinations(range(width), count):
            yield sum(1 << bit for bit in bits)


def _pairs_with(mask: int, keys: np.ndarray, starts: np.ndarray) -> Iterator[Pairs]:
    """Yield the pairs of positions in the sorted `keys` whose keys differ in exactly the bits of `mask`."""
    others = keys ^ mask
    if mask:  # each pair once, from the side of its smaller key
        own = np.flatnonzero(others > keys)
        first = starts[others[own]]
    else:  # the same key: the ones after it
        own = np.arange(len(keys))
        first = own + 1
    yield from spans(own, first, starts[others[own] + 1] - first)


def spans(own: np.ndarray, first: np.ndarray, counts: np.ndarray) -> Iterator[Pairs]:
    """Pair each of `own` with `counts` positions in a row, from `first` on; at most PAIRS_AT_ONCE at a time."""
    some = counts > 0
    own, first, counts = own[some], first[some], counts[some]
    ends = np.cumsum(counts)
    for low in range(0, int(ends[-1]) if len(ends) else 0, PAIRS_AT_ONCE):
        high = min(low + PAIRS_AT_ONCE, int(ends[-1]))
        rows = slice(np.searchsorted(ends, low, "right"), np.searchsorted(ends, high, "left") + 1)
        begin = ends[rows] - counts[rows]
        within = np.minimum(ends[rows], high) - np.maximum(begin, low)
        offsets = np.arange(low, high) - np.repeat(begin, within)
        yield np.repeat(own[rows], within), np.repeat(first[rows], within) + offsets
