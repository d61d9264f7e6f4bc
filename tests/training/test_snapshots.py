"""Snapshots of the weights: few, evenly spread, small, and the same whatever stopped the training."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixelproof.network.mlp.mlp import MlpLearner
from pixelproof.training import snapshots
from pixelproof.training.snapshots import LIMIT_BYTES, MOST, Snapshots, read_snapshots, with_epoch, write_snapshots
from tests.support.mlp_learners import FEATURES, IMAGES, labels, params, train


def trained(epochs: int, weights: int = 3) -> Snapshots:
    """Return the snapshots after so many epochs of a learner whose every weight is the epoch's number."""
    kept: Snapshots = {}
    for epoch in range(epochs + 1):
        kept = with_epoch(kept, epoch, [np.full(weights, epoch, np.float32)])
    return kept


@given(epochs=st.integers(0, 300))
def test_snapshots_are_few_and_evenly_spread_whenever_training_stops(epochs: int) -> None:
    """Else a long training would fill the disk, or one that stops early would show its first epochs only."""
    kept = list(trained(epochs))
    assert kept[0] == 0
    assert len(kept) <= MOST
    assert len(kept) >= min(epochs + 1, MOST // 2)
    assert len(set(np.diff(kept).tolist())) <= 1
    assert epochs - kept[-1] < max(1, *np.diff([*kept, epochs + 1]).tolist())


def test_a_snapshot_is_of_its_own_epoch() -> None:
    """Else the slider would show weights that the network never had together with a loss."""
    for epoch, weights in trained(40).items():
        assert [set(weight.tolist()) for weight in weights] == [{epoch}]


@pytest.mark.parametrize(("share", "count"), [(0.9, 1), (0.4, 2), (0.3, 3), (1.1, 0)])
def test_a_network_with_many_weights_has_fewer_snapshots(
    share: float, count: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else checkpoints would be as many times as large as there are snapshots. One is that before the first step."""
    monkeypatch.setattr(snapshots, "LIMIT_BYTES", 2000)
    kept = trained(9, weights=int(share * 2000 / 2))
    assert len(kept) == count
    assert sum(weight.nbytes for weights in kept.values() for weight in weights) <= 2000
    assert LIMIT_BYTES < 10 * 2**20


def test_a_number_that_float16_cannot_hold_is_kept() -> None:
    """Else the variance of a batch norm after large inputs would become infinite, and every map empty."""
    large = np.array([1e6, 2.0], np.float32)
    (kept,) = with_epoch({}, 0, [large])[0]
    assert kept.tolist() == large.tolist()


def test_snapshots_are_read_as_they_were_written_and_the_same_ones_give_the_same_bytes(tmp_path: Path) -> None:
    """Else the slider's epochs would be mixed up (10 sorts before 2), or DVC would see another file each time."""
    kept = {
        epoch: [np.full((2, 3), number + epoch, np.float16) for number in range(12)] for epoch in (0, 2, 4, 6, 8, 10)
    }
    for name in ("one.npz", "other.npz"):
        write_snapshots(tmp_path / "new" / name, kept)
    found = read_snapshots(tmp_path / "new" / "one.npz")
    assert list(found) == list(kept)
    for epoch, weights in kept.items():
        assert [weight.tolist() for weight in found[epoch]] == [weight.tolist() for weight in weights]
    assert (tmp_path / "new" / "one.npz").read_bytes() == (tmp_path / "new" / "other.npz").read_bytes()


def test_a_project_without_the_file_has_no_snapshots(tmp_path: Path) -> None:
    """Else the page of a project that was trained before there were snapshots could not be made."""
    assert read_snapshots(tmp_path / "none.npz") == {}


def test_a_learner_that_has_no_weights_yet_has_no_snapshot() -> None:
    """Else the MLP, whose weights are drawn in its first step, would not train at all, or begin with an empty one."""
    learner = MlpLearner(params(7), train(), FEATURES, 2, steps_per_epoch=3, seed=1)
    assert with_epoch({}, 0, learner.weights()) == {}
    learner.train_batch(IMAGES, labels(2))
    kept = with_epoch({}, 1, learner.weights())
    assert [weight.shape for weight in kept[1]] == [weight.shape for weight in learner.weights()]
