"""Near copies: photos whose perceptual hashes say that one is the other, resized or saved again."""

from collections.abc import Iterator
from itertools import chain

import numpy as np
import pandas as pd
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from pixelproof.data.ingest.hamming import Pairs, close_pairs, spans

FINE_LIMIT = 64  # of 256 bits; different pictures differ in about 128, a quarter is far from both kinds
LARGE = 256  # photos; beyond, not every pair of them is looked at
EDGES_AT_ONCE = 10_000_000  # then those found so far are reduced to one per photo


def near_components(hashes: pd.DataFrame, bits: int) -> np.ndarray:
    """Number the connected components of near copies: an int per row of `hashes`.

    Two photos are near copies if their `perceptual_hash`es (16 hex digits) differ in at most `bits` bits and their
    `fine_hash`es (64 hex digits) in at most FINE_LIMIT. The rows must differ, and hold no null.
    """
    coarse = _numbers(hashes["perceptual_hash"], 1)[:, 0]
    order = np.argsort(coarse, kind="stable")
    fine = _numbers(hashes["fine_hash"], 4)[order]
    values, counts = np.unique(coarse, return_counts=True)
    same_hash = _components(len(hashes), _within(counts, fine))
    rows = np.arange(len(hashes))
    joined = chain([(rows, _heads(same_hash))], _between(values, counts, fine, same_hash, bits))
    components = np.empty(len(hashes), np.int64)
    components[order] = _components(len(hashes), joined)
    return components


def _numbers(texts: pd.Series, words: int) -> np.ndarray:
    """Return hashes, written in hex, as uint64 (n, words)."""
    return np.frombuffer(bytes.fromhex("".join(texts)), np.dtype(">u8")).astype(np.uint64).reshape(-1, words)


def _within(counts: np.ndarray, fine: np.ndarray) -> Iterator[Pairs]:
    """Yield near copies with one 64-bit hash, enough to connect them; the rows are sorted by it, `counts` of each."""
    ends = np.cumsum(counts)
    rows = np.arange(len(fine))
    after = np.repeat(ends, counts) - rows - 1
    few = np.repeat(counts <= LARGE, counts)
    yield from _near(fine, spans(rows[few], rows[few] + 1, after[few]))
    for end, count in zip(ends[counts > LARGE], counts[counts > LARGE], strict=True):
        yield from _grown(fine, np.arange(end - count, end))


def _between(
    values: np.ndarray, counts: np.ndarray, fine: np.ndarray, same_hash: np.ndarray, bits: int
) -> Iterator[Pairs]:
    """Yield near copies with different 64-bit hashes (`values`, with `counts` rows each), enough to connect them."""
    starts = np.cumsum(counts) - counts
    strangers = same_hash != np.repeat(same_hash[starts], counts)
    whole = np.add.reduceat(strangers, starts) == 0  # its rows are one component: to connect one row is enough
    for a, b in close_pairs(values, bits):
        near = _is_near(fine[starts[a]], fine[starts[b]])
        yield starts[a][near], starts[b][near]
        more = ~(near & whole[a] & whole[b]) & (counts[a] * counts[b] > 1)
        large = more & (counts[a] + counts[b] > LARGE)
        few = more & ~large
        yield from _near(fine, _across(starts, counts, a[few], b[few]))
        for one, other in zip(a[large], b[large], strict=True):
            both = [np.arange(starts[value], starts[value] + counts[value]) for value in (one, other)]
            yield from _grown(fine, np.concatenate(both))


def _across(starts: np.ndarray, counts: np.ndarray, a: np.ndarray, b: np.ndarray) -> Iterator[Pairs]:
    """Yield each row of the hashes `a` with each row of the hash at the same place in `b`."""
    for pair, rows in spans(np.arange(len(a)), starts[a], counts[a]):
        yield from spans(rows, starts[b][pair], counts[b][pair])


def _near(fine: np.ndarray, candidates: Iterator[Pairs]) -> Iterator[Pairs]:
    for first, second in candidates:
        near = _is_near(fine[first], fine[second])
        yield first[near], second[near]


def _is_near(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    difference = np.bitwise_count(one ^ other)
    near: np.ndarray = difference.sum(axis=-1, dtype=np.int64) <= FINE_LIMIT
    return near


def _grown(fine: np.ndarray, left: np.ndarray) -> Iterator[Pairs]:
    """Connect many rows that differ in few of their 64 bits: each component grows from a first row.

    Copies of one picture all lie near that one, so a hundred thousand take a hundred thousand comparisons.
    """
    while len(left):
        first, left = left[0], left[1:]
        edge = np.array([first])
        while len(edge) and len(left):
            touched = _touched(fine, edge, left)
            edge, left = left[touched], left[~touched]
            yield np.full(len(edge), first), edge


def _touched(fine: np.ndarray, edge: np.ndarray, left: np.ndarray) -> np.ndarray:
    """Tell for each row of `left` whether it is near any row of `edge`."""
    if len(left) < len(edge):
        return np.array([_is_near(fine[edge], fine[row]).any() for row in left])
    touched = np.zeros(len(left), bool)
    for row in edge:
        touched |= _is_near(fine[left], fine[row])
    return touched


def _components(count: int, links: Iterator[Pairs]) -> np.ndarray:
    components = np.arange(count)
    firsts, seconds, edges = [components], [components], count
    for first, second in links:
        firsts.append(first)
        seconds.append(second)
        edges += len(first)
        if edges > EDGES_AT_ONCE + count:
            components = _connect(count, firsts, seconds)
            firsts, seconds, edges = [np.arange(count)], [_heads(components)], count
    return _connect(count, firsts, seconds)


def _connect(count: int, firsts: list[np.ndarray], seconds: list[np.ndarray]) -> np.ndarray:
    first, second = np.concatenate(firsts), np.concatenate(seconds)
    graph = coo_array((np.ones(len(first), bool), (first, second)), shape=(count, count))
    components: np.ndarray = connected_components(graph, directed=False)[1]
    return components


def _heads(components: np.ndarray) -> np.ndarray:
    """Return the first row of each row's component."""
    heads: np.ndarray = np.unique(components, return_index=True)[1][components]
    return heads
