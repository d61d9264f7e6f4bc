"""An MLP in training is stopped and goes on, to the bit."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from pixelproof.network.mlp.mlp import MlpLearner
from tests.support.imports import ROOT
from tests.support.mlp_learners import FEATURES, learner_of, params, steps, train


def everything(learner: MlpLearner) -> dict[str, object]:
    """Return all that scikit-learn keeps in the classifier and its optimizer, arrays as (type, shape, bytes)."""
    classifier = learner.model["mlp"]
    kept = {**vars(classifier), **{f"optimizer {key}": value for key, value in vars(classifier._optimizer).items()}}
    left_out = (
        "_optimizer",
        "_label_binarizer",
        "_random_state",
        "optimizer params",
    )  # seen in the classifier's arrays
    return {key: _plain(value) for key, value in kept.items() if key not in left_out}


def _plain(value: object) -> object:
    if isinstance(value, np.ndarray):
        return str(value.dtype), value.shape, value.tobytes()
    if isinstance(value, list | tuple):
        return [_plain(each) for each in value]
    return type(value), value


CONTINUE = """
import sys
import numpy as np
from tests.support.mlp_learners import learner_of, steps
classes, path = int(sys.argv[1]), sys.argv[2]
learner = learner_of(classes)
learner.load_state(dict(np.load(path)))
np.savez(path, **steps(learner, classes, range(4, 9)).state())
"""


@pytest.mark.parametrize("classes", [2, 3])
def test_a_learner_that_loads_a_state_goes_on_bit_for_bit(classes: int) -> None:
    """Else a training that was killed would end with other weights, or another saved file, than an undisturbed one."""
    undisturbed = steps(learner_of(classes), classes, range(9))
    again = learner_of(classes)
    again.load_state(steps(learner_of(classes), classes, range(4)).state())
    assert everything(steps(again, classes, range(4, 9))) == everything(undisturbed)


def test_another_process_goes_on_bit_for_bit(tmp_path: Path) -> None:
    """Else something that only lives in memory would decide."""
    path = tmp_path / "state.npz"
    np.savez(path, **steps(learner_of(3), 3, range(4)).state())
    script = [sys.executable, "-c", CONTINUE, "3", str(path)]
    found_there = {"PYTHONPATH": str(ROOT)}
    subprocess.run(script, check=True, cwd=ROOT, env=os.environ | found_there)  # what chooses BLAS's kernel included
    found, expected = dict(np.load(path)), steps(learner_of(3), 3, range(9)).state()
    assert {key: value.tobytes() for key, value in found.items()} == {k: v.tobytes() for k, v in expected.items()}


def test_a_state_is_a_copy() -> None:
    """Else it would change with the next step, before it is written."""
    learner = steps(learner_of(3), 3, range(4))
    state = learner.state()
    kept = {key: value.copy() for key, value in state.items()}
    steps(learner, 3, range(4, 9))
    assert all(np.array_equal(state[key], kept[key]) for key in kept)


def test_before_the_first_step_there_is_no_state_and_none_to_load() -> None:
    """Else a training that is killed at once could not be continued."""
    learner = learner_of(3)
    assert learner.state() == {}
    learner.load_state({})
    assert everything(steps(learner, 3, range(2))) == everything(steps(learner_of(3), 3, range(2)))


def test_the_state_of_another_network_is_refused() -> None:
    """Else wrong weights would be taken, or scikit-learn fail somewhere else."""
    with pytest.raises(ValueError, match="other params"):
        learner_of(3).load_state(
            steps(MlpLearner(params(6, 5), train(), FEATURES, 3, steps_per_epoch=3, seed=7), 3, range(2)).state()
        )
