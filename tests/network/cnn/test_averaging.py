"""Averaged weights, and batch norm's means and variances for them."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pixelproof.training.feed import Batch
from tests.support.networks import DEEP, IMAGES, batches, deep, labels, same, steps

pytestmark = pytest.mark.slow  # TensorFlow takes ten seconds to load


@pytest.fixture
def learner() -> Any:
    return steps(deep({"average_weights": 0.8}), range(5))


def test_batch_norm_gets_the_means_and_variances_of_the_averaged_network(learner: Any) -> None:
    """Else averages would be evaluated with statistics that belong to other weights, as bad as guesses at first."""
    import keras

    learner.recalibrate_batch_norm(batches())
    with learner._averages_in_use():
        norm = learner.model.get_layer("norm")
        before = keras.Model(learner.model.inputs[0], norm.input)
        outputs = [np.asarray(before(batch.images)) for batch in batches()]
        means = np.mean([output.mean(axis=(0, 1, 2)) for output in outputs], axis=0)
        variances = np.mean([output.var(axis=(0, 1, 2)) for output in outputs], axis=0)
        np.testing.assert_allclose(norm.moving_mean, means, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(norm.moving_variance, variances, rtol=1e-4)
        assert norm.momentum == DEEP.layers["norm"].momentum  # type: ignore[union-attr]  # a BatchNorm


def test_to_settle_changes_nothing_of_the_training(learner: Any) -> None:
    """Else looking at a training would change it: its batch norm, and the seeds of its dropout."""
    before = learner.state()
    learner.recalibrate_batch_norm(batches())
    assert same(learner.state(), before)
    undisturbed = steps(deep({"average_weights": 0.8}), range(8))
    assert same(steps(learner, range(5, 8)).state(), undisturbed.state())


def test_what_is_settled_is_what_is_judged_kept_and_saved(learner: Any, tmp_path: Path) -> None:
    """Else the best epoch would be chosen by another network than the saved one."""
    from pixelproof.network.cnn.saved.saved import load, predict

    raw = learner.predict(batches())
    learner.recalibrate_batch_norm([Batch(IMAGES // 2, labels(3))])
    answers, weights = learner.predict(batches()), learner.weights()
    assert not np.array_equal(answers, raw)
    learner.save(tmp_path)
    np.testing.assert_array_equal(predict(load(tmp_path / "model.keras"), batches()), answers)
    learner.restore(weights)
    np.testing.assert_array_equal(learner.predict(batches()), answers)


def test_without_averages_nothing_is_settled() -> None:
    """Else a training without the key would end with other weights than it did, or draw its batches twice."""
    plain = steps(deep({"average_weights": None}), range(2))
    weights = plain.weights()
    plain.recalibrate_batch_norm(_never())
    assert all(map(np.array_equal, plain.weights(), weights))


def _never() -> Any:
    pytest.fail("a batch was drawn")
    yield
