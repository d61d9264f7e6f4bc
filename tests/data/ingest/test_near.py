"""Near copies are found as comparing all with all would find them, without doing so."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse.csgraph import connected_components

from pixelproof.data.ingest import hamming, near
from pixelproof.data.ingest.hamming import close_pairs
from pixelproof.data.ingest.near import FINE_LIMIT, near_components

SEEDS = st.integers(0, 2**32 - 1)
BITS = st.sampled_from([0, 1, 2, 3, 5, 6, 8])


def related(seed: int, rows: int, words: int = 5) -> np.ndarray:
    """Return different hashes, uint64 (at most rows, words), many of them few bits from another."""
    rng = np.random.default_rng(seed)
    kinds = rng.integers(0, 2**64, (max(1, rows // 8), words), dtype=np.uint64)
    hashes = kinds[rng.integers(0, len(kinds), rows)]
    share = rng.choice([0.0, 0.02, 0.07, 0.15, 0.3], (rows, words))
    for bit in range(64):
        hashes ^= (rng.random(hashes.shape) < share).astype(np.uint64) << np.uint64(bit)
    return np.unique(hashes, axis=0)


def frame(hashes: np.ndarray) -> pd.DataFrame:
    digits = [row.astype(">u8").tobytes().hex() for row in hashes]
    return pd.DataFrame({"perceptual_hash": [d[:16] for d in digits], "fine_hash": [d[16:] for d in digits]})


def brute_force(hashes: np.ndarray, bits: int) -> np.ndarray:
    """Compare all with all."""
    differ = np.bitwise_count(hashes[:, None] ^ hashes[None]).astype(int)
    edges = (differ[..., 0] <= bits) & (differ[..., 1:].sum(axis=2) <= FINE_LIMIT)
    return np.asarray(connected_components(edges, directed=False)[1])


def same_partition(one: np.ndarray, other: np.ndarray) -> bool:
    both = len(set(zip(one.tolist(), other.tolist(), strict=True)))
    return both == len(set(one.tolist())) == len(set(other.tolist()))


@settings(max_examples=12)
@given(SEEDS, st.integers(1, 60), BITS)
def test_every_close_pair_is_found_and_no_other(seed: int, rows: int, bits: int) -> None:
    """Else a copy would be missed, or different photos be called copies."""
    hashes = np.unique(related(seed, rows, words=1)[:, 0])
    found = {(min(i, j), max(i, j)) for a, b in close_pairs(hashes, bits) for i, j in zip(a, b, strict=True)}
    close = np.bitwise_count(hashes[:, None] ^ hashes[None]) <= bits
    assert found == set(zip(*np.nonzero(np.triu(close, 1)), strict=True))


@pytest.mark.parametrize("bits", [2, 7])
@pytest.mark.parametrize("limits", [(2**21, 256, 10**7), (7, 256, 10**7), (50, 3, 10**7), (50, 3, 20), (50, 0, 5)])
def test_components_are_those_of_comparing_all_with_all(
    bits: int, limits: tuple[int, int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else what keeps time and memory in bounds would change the groups."""
    monkeypatch.setattr(hamming, "PAIRS_AT_ONCE", limits[0])
    monkeypatch.setattr(near, "LARGE", limits[1])
    monkeypatch.setattr(near, "EDGES_AT_ONCE", limits[2])
    for seed in range(2):
        hashes = related(seed, 60)
        hashes[::3, 0] = hashes[0, 0]  # many with one 64-bit hash, not all of one picture
        hashes = np.random.default_rng(seed).permutation(np.unique(hashes, axis=0))
        assert same_partition(near_components(frame(hashes), bits), brute_force(hashes, bits))


@settings(max_examples=12)
@given(SEEDS, st.integers(1, 80), BITS)
def test_random_components_are_those_of_comparing_all_with_all(seed: int, rows: int, bits: int) -> None:
    """Else a copy of a test photo could be trained on."""
    hashes = related(seed, rows)
    assert same_partition(near_components(frame(hashes), bits), brute_force(hashes, bits))


def test_a_picture_that_only_looks_alike_from_afar_is_no_copy() -> None:
    """Else two different photos under two labels would be thrown out as a label conflict."""
    coarse, fine = 0x123456789ABCDEF0, (1 << FINE_LIMIT) - 1
    hashes = pd.DataFrame(
        {
            "perceptual_hash": [f"{coarse:016x}"] * 3,
            "fine_hash": [f"{0:064x}", f"{fine:064x}", f"{(fine << 80) + (1 << 255):064x}"],
        }
    )
    components = near_components(hashes, 8)
    assert components[0] == components[1]
    assert components[2] != components[0]
