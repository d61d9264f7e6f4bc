"""The CNN learner's state: all that the next step depends on."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.support.imports import ROOT
from tests.support.networks import DEEP, SHAPE, SMALL, TRAIN, same, steps

pytestmark = pytest.mark.slow  # TensorFlow takes ten seconds to load

CONTINUE = """
import sys
import numpy as np
from tests.support.networks import DEEP, SHAPE, TRAIN, steps
from pixelproof.network.cnn.cnn import CnnLearner
learner = CnnLearner(DEEP, TRAIN, SHAPE, 3, steps_per_epoch=3, seed=7)
learner.load_state(dict(np.load(sys.argv[1])))
steps(learner, range(4, 8))
np.savez(sys.argv[1], **learner.state())
"""


def test_a_fresh_learner_that_loads_a_state_goes_on_bit_for_bit_also_in_another_process(tmp_path: Path) -> None:
    """Else a training that was killed would end with other weights than an undisturbed one."""
    from pixelproof.network.cnn.cnn import CnnLearner

    learner = steps(CnnLearner(DEEP, TRAIN, SHAPE, 3, steps_per_epoch=3, seed=7), range(4))
    state = learner.state()
    undisturbed = steps(learner, range(4, 8)).state()
    other = CnnLearner(DEEP, TRAIN, SHAPE, 3, steps_per_epoch=3, seed=7)
    other.load_state(state)
    assert same(other.state(), state)
    assert same(steps(other, range(4, 8)).state(), undisturbed)
    path = tmp_path / "state.npz"
    np.savez(path, **state)
    environment = {"PYTHONPATH": str(ROOT), "PATH": ""}
    subprocess.run([sys.executable, "-c", CONTINUE, str(path)], check=True, cwd=ROOT, env=environment)
    assert same(dict(np.load(path)), undisturbed)


def test_a_learner_that_goes_on_with_the_last_smaller_batch_goes_on_bit_for_bit() -> None:
    """Else TensorFlow would trace its step for that batch first, and round the next epochs otherwise."""
    from pixelproof.network.cnn.cnn import CnnLearner

    learner, other = (CnnLearner(DEEP, TRAIN, SHAPE, 3, steps_per_epoch=4, seed=7) for _ in range(2))
    other.load_state(steps(learner, range(3)).state())
    assert same(steps(other, range(3, 6)).state(), steps(learner, range(3, 6)).state())


def test_the_state_has_the_seed_generators_of_dropout() -> None:
    """Else a continued training would drop the values that the first steps dropped once more."""
    from pixelproof.network.cnn.cnn import CnnLearner

    learner = CnnLearner(DEEP, TRAIN, SHAPE, 3, steps_per_epoch=3, seed=7)
    before = learner.state()
    moved = {key for key, value in steps(learner, range(1)).state().items() if not np.array_equal(value, before[key])}
    assert sum(before[key].shape == (2,) and before[key].dtype.kind in "ui" for key in moved) == 2


def test_the_state_of_another_network_is_refused() -> None:
    """Else wrong weights would be taken."""
    from pixelproof.network.cnn.cnn import CnnLearner

    with pytest.raises(ValueError, match="other params"):
        CnnLearner(DEEP, TRAIN, SHAPE, 3, steps_per_epoch=3, seed=7).load_state(
            CnnLearner(SMALL, TRAIN, SHAPE, 3, steps_per_epoch=3, seed=7).state()
        )
