"""What a training keeps on the disk comes back as it was, or not at all."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from pixelproof.training import checkpoint
from pixelproof.training.checkpoint import Checkpoint, Checkpoints, discard, prepare, read, write
from pixelproof.training.loop import Epoch, EpochTotals, State

FLOATS = st.floats(allow_nan=False, allow_infinity=False)
COUNTS = st.integers(0, 2**40)
TYPES = st.sampled_from([np.float32, np.float64, np.int64, np.uint32, np.bool_])
ARRAYS = TYPES.flatmap(lambda kind: hnp.arrays(kind, hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=3)))
EPOCHS = st.builds(Epoch, COUNTS, FLOATS, FLOATS, FLOATS, FLOATS, FLOATS, FLOATS)
STATES = st.builds(
    State,
    st.lists(EPOCHS, max_size=3),
    st.builds(EpochTotals, COUNTS, COUNTS, FLOATS, FLOATS, FLOATS),
    st.lists(ARRAYS, max_size=12),
    FLOATS,
    st.dictionaries(st.integers(0, 99), st.lists(ARRAYS, min_size=1, max_size=12), max_size=3),
)
KEYS = st.text("abc/_ä .0", min_size=1, max_size=8).map("k".__add__)
CHECKPOINTS = st.builds(Checkpoint, st.text(max_size=5), STATES, st.dictionaries(KEYS, ARRAYS, max_size=3))
# Each example waits for the disk twice.
HERE = settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=25)


def same(one: np.ndarray, other: np.ndarray) -> bool:
    return (one.dtype, one.shape, one.tobytes()) == (other.dtype, other.shape, other.tobytes())


def check_same(one: Checkpoint, other: Checkpoint) -> None:
    assert (one.run_id, one.state.history, one.state.epoch_totals) == (
        other.run_id,
        other.state.history,
        other.state.epoch_totals,
    )
    assert one.state.seconds == other.state.seconds
    assert len(one.state.best_weights) == len(other.state.best_weights)
    assert all(map(same, one.state.best_weights, other.state.best_weights))
    assert one.state.snapshots.keys() == other.state.snapshots.keys()
    for epoch, weights in one.state.snapshots.items():
        assert all(same(*pair) for pair in zip(weights, other.state.snapshots[epoch], strict=True))
    assert one.learner.keys() == other.learner.keys()
    assert all(same(array, other.learner[key]) for key, array in one.learner.items())


@HERE
@given(kept=CHECKPOINTS)
def test_what_is_written_is_read_to_the_bit(kept: Checkpoint, tmp_path: Path) -> None:
    """Else a continued training would end with other weights, or in another order of the best epoch's arrays."""
    path = tmp_path / "work" / "checkpoint.npz"
    write(path, kept)
    found = read(path)
    assert found
    check_same(found, kept)
    assert [file.name for file in path.parent.iterdir()] == [path.name]


def small(run_id: str = "abc") -> Checkpoint:
    row = Epoch(1, 0.5, 0.5, 0.5, 0.5, 1.0, 5.0)
    return Checkpoint(run_id, State([row], EpochTotals(3, 12, 0.1), [np.arange(3.0)], 2.0), {"w": np.arange(4)})


def test_a_file_cut_short_at_any_length_is_refused(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Else a training would go on from half a state."""
    path = tmp_path / "checkpoint.npz"
    write(path, small())
    content = path.read_bytes()
    for length in range(len(content)):
        path.write_bytes(content[:length])
        assert read(path) is None, length
    assert caplog.messages[-1].startswith(f"{path}: damaged")
    path.write_bytes(content)
    assert read(path) is not None


def test_a_damaged_byte_is_noticed_or_harmless(tmp_path: Path) -> None:
    """Else a broken disk would change weights unseen."""
    path = tmp_path / "checkpoint.npz"
    write(path, small())
    content = path.read_bytes()
    for position in range(0, len(content), 3):
        path.write_bytes(content[:position] + bytes([content[position] ^ 0x55]) + content[position + 1 :])
        found = read(path)
        if found:  # a date or a comment of the zip format
            check_same(found, small())


def test_without_a_checkpoint_nothing_is_read(tmp_path: Path) -> None:
    """Else a first training would fail."""
    assert read(tmp_path / "checkpoint.npz") is None


@pytest.mark.parametrize("step", ["sync", "replace"])
def test_a_checkpoint_that_cannot_be_written_leaves_the_last_one(
    step: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a full disk would cost all that was learned."""
    path = tmp_path / "checkpoint.npz"
    write(path, small("first"))

    def fail(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patched:
        patched.setattr(*{"sync": (checkpoint, "sync"), "replace": (Path, "replace")}[step], fail)
        with pytest.raises(OSError, match="No space"):
            write(path, small("second"))
    found = read(path)
    assert found
    assert found.run_id == "first"


def test_what_other_trainings_of_the_model_left_is_removed(tmp_path: Path) -> None:
    """Else old work would fill the disk; the other model's must stay."""
    old, other = prepare(tmp_path, "cnn", "old"), prepare(tmp_path, "mlp", "old")
    write(old, small())
    write(other, small())
    new = prepare(tmp_path, "cnn", "new")
    assert (old.exists(), other.exists(), new.exists()) == (False, True, False)
    assert prepare(tmp_path, "mlp", "old") == other
    assert other.exists()


def test_what_has_succeeded_leaves_only_the_trained_model(tmp_path: Path) -> None:
    """Else checkpoints would fill the disk, or a training that DVC does not have yet would be lost."""
    path = prepare(tmp_path, "mlp", "work")
    write(path, small())
    (path.parent / "changes.diff").touch()
    (path.parent / "finished").mkdir()
    discard(path)
    assert [left.name for left in path.parent.iterdir()] == ["finished"]


class Stateful:
    """A learner that gives one array."""

    def state(self) -> dict[str, np.ndarray]:
        return {"w": np.ones(2)}


@pytest.mark.parametrize(("minutes", "saves"), [(None, 0), (1e-9, 1), (60.0, 0)])
def test_within_an_epoch_it_is_saved_when_the_minutes_have_gone_by(
    minutes: float | None, saves: int, tmp_path: Path
) -> None:
    """Else an epoch of an hour could cost an hour, or each batch would wait for the disk."""
    path = tmp_path / "checkpoint.npz"
    checkpoints = Checkpoints(path, "abc", Stateful(), minutes)  # type: ignore[arg-type]  # it needs no more of a learner
    checkpoints.save_if_due(State(epoch_totals=EpochTotals(batches=1)))
    assert path.exists() == bool(saves)


def test_before_the_first_batch_only_the_run_is_kept(tmp_path: Path) -> None:
    """Else a learner that has no weights before its first step could not be saved, and a kill would orphan its run."""
    checkpoints = Checkpoints(tmp_path / "checkpoint.npz", "abc", Stateful(), None)  # type: ignore[arg-type]
    checkpoints.save(State())
    found = read(tmp_path / "checkpoint.npz")
    assert found
    assert (found.run_id, found.state, found.learner) == ("abc", State(best_weights=[]), {})
