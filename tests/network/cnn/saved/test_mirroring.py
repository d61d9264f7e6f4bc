"""Answers averaged over an image and its mirror image."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.networks import DEEP, IMAGES, SHAPE, TRAIN, batches, deep, plan_json, same, steps

pytestmark = pytest.mark.slow  # TensorFlow takes ten seconds to load


@pytest.fixture(scope="module")
def learner() -> Any:
    return steps(deep({"average_mirrored": True}), range(4))


def test_the_answer_is_the_mean_over_both_images_also_of_the_saved_model(learner: Any, tmp_path: Path) -> None:
    """Else the accuracy that is measured would be that of another model than the one that is used."""
    import keras

    from pixelproof.network.cnn.saved.saved import predict

    network = learner.model.get_layer("cnn")
    with learner._averages_in_use():
        expected = (network.predict_on_batch(IMAGES) + network.predict_on_batch(IMAGES[:, :, ::-1])) / 2
    np.testing.assert_allclose(learner.predict(batches()), expected, rtol=1e-5)
    learner.save(tmp_path)
    loaded = keras.saving.load_model(tmp_path / "model.keras")  # as anyone loads it, without this project
    assert (loaded.input_shape, loaded.output_shape) == ((None, *SHAPE), (None, 3))
    np.testing.assert_array_equal(predict(loaded, batches()), learner.predict(batches()))


def test_the_training_is_the_same_with_and_without(learner: Any) -> None:
    """Else a step would cost twice as much, or the key change what is learned."""
    assert same(learner.state(), steps(deep({}), range(4)).state())


def test_the_network_inside_is_the_plans(learner: Any, tmp_path: Path) -> None:
    """Else neither the evaluation's proof nor the page about the network would find its layers."""
    from pixelproof.network.cnn.saved.mirroring import without_flip_averaging
    from pixelproof.network.cnn.saved.saved import check_against_plan, load

    learner.save(tmp_path)
    loaded = load(tmp_path / "model.keras")
    check_against_plan(loaded, plan_json(DEEP, SHAPE, 3))
    assert loaded.count_params() == learner.parameters == plan_json(DEEP, SHAPE, 3)["parameters"]
    assert [layer.name for layer in without_flip_averaging(loaded).layers][:3] == ["input", "scale", "conv"]


def test_a_state_goes_on_and_weights_come_back(learner: Any) -> None:
    """Else a training that was killed would end with other weights, or the best epoch be lost."""
    from pixelproof.network.cnn.cnn import CnnLearner

    other = CnnLearner(learner._params, TRAIN, SHAPE, 3, steps_per_epoch=3, seed=7)
    other.load_state(learner.state())
    assert same(other.state(), learner.state())
    other.restore(learner.weights())
    np.testing.assert_array_equal(other.predict(batches()), learner.predict(batches()))
