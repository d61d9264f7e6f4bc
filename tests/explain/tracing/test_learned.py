"""Snapshots reach the page layer by layer, and the network keeps its own weights."""

from pathlib import Path

import numpy as np

from pixelproof.explain.tracing.learned import learned, read_learned, write_learned
from pixelproof.explain.tracing.trace import trace
from tests.support.explained import every_kind, some_photos


def test_the_layers_of_a_snapshot_are_those_that_keras_has_with_its_weights(tmp_path: Path) -> None:
    """Else one layer's weights would be shown as another's, or the file would give them back in another order."""
    model = every_kind()
    own = model.get_weights()
    snapshots = {epoch: [(weight + epoch).astype(np.float16) for weight in own] for epoch in (0, 2, 10)}
    write_learned(learned(model, snapshots), tmp_path / "learned.npz")
    assert all(map(np.array_equal, model.get_weights(), own)), "the model has its own weights again"
    found = read_learned(tmp_path / "learned.npz")
    assert [each.epoch for each in found] == [0, 2, 10]
    images, _ = some_photos(count=1)
    try:
        for each in found:
            model.set_weights([weight.astype(np.float32) for weight in snapshots[each.epoch]])
            for layer, weights in zip(trace(model, images), each.layers, strict=True):
                expected = layer.kind.weights if layer.kind else {}
                assert weights.keys() == expected.keys()
                for name, array in weights.items():
                    assert array.dtype == np.float16
                    assert np.array_equal(array, expected[name])
    finally:
        model.set_weights(own)


def test_without_snapshots_there_is_nothing_to_show(tmp_path: Path) -> None:
    """Else a project that was trained before there were snapshots could not be predicted, nor its page made."""
    write_learned(learned(every_kind(), {}), tmp_path / "learned.npz")
    assert read_learned(tmp_path / "learned.npz") == []
    assert read_learned(tmp_path / "none.npz") == []
