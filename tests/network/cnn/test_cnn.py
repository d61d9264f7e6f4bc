from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pixelproof.network.cnn.layout.layers import Shape
from pixelproof.params.cnn import Cnn
from pixelproof.training.feed import Batch
from pixelproof.training.loop import score, weights_sha256
from tests.support.networks import FLATTEN, IMAGES, SHAPE, SMALL, TRAIN, batches, labels, network, plan_json, trained

pytestmark = pytest.mark.slow  # TensorFlow takes ten seconds to load


@pytest.fixture(scope="module")
def learner() -> Any:
    """A learner that no test changes."""
    return trained()


NETWORKS: dict[str, tuple[Shape, int, Cnn]] = {
    "the article's": (
        (300, 300, 3),
        2,
        network(
            "sigmoid",
            conv={"kind": "conv", "filters": 10, "kernel": 5, "activation": "relu"},
            pool={"kind": "max_pool", "size": 2},
            flatten=FLATTEN,
        ),
    ),
    "every kind": (
        (24, 20, 3),
        4,
        network(
            zeros={"kind": "zero_pad", "rings": 2},
            conv={"kind": "conv", "filters": 4, "kernel": 3, "padding": "same", "bias": False},
            norm={"kind": "batch_norm"},
            relu={"kind": "activation", "activation": "relu"},
            average={"kind": "average_pool", "size": 2},
            drop={"kind": "dropout", "rate": 0.5},
            wide={"kind": "conv", "filters": 5, "kernel": 3, "dilation": 2, "activation": "gelu"},
            largest={"kind": "global_max_pool"},
            hidden={"kind": "dense", "units": 6, "activation": "silu"},
            norm2={"kind": "batch_norm"},
        ),
    ),
    "rings, strides and pairs": (
        (31, 23, 1),
        3,
        network(
            conv={"kind": "conv", "filters": 3, "kernel": [5, 3], "stride": [2, 1], "padding": 2},
            pool={"kind": "max_pool", "size": [3, 2], "stride": [2, 1], "padding": 1},
            conv2={"kind": "conv", "filters": 2, "kernel": [2, 3], "dilation": [3, 1], "padding": 0},
            average={"kind": "average_pool", "size": 3, "stride": 2, "padding": "same"},
            mean={"kind": "global_average_pool"},
        ),
    ),
    "same padding, windows beyond the image": (
        (5, 4, 2),
        2,
        network(
            conv={"kind": "conv", "filters": 3, "kernel": 9, "stride": 2, "padding": "same"},
            pool={"kind": "max_pool", "size": 5, "stride": 1, "padding": "same"},
            flatten=FLATTEN,
            again=FLATTEN,
            hidden={"kind": "dense", "units": 4, "bias": False},
        ),
    ),
    "no layer but flatten": ((3, 3, 1), 2, network("sigmoid", flatten=FLATTEN)),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_keras_builds_exactly_the_plan(name: str) -> None:
    """Else `pixelproof plan` would show other shapes or counts than the network that is trained."""
    from pixelproof.network.cnn.cnn import build
    from pixelproof.network.cnn.saved.saved import check_against_plan

    shape, classes, params = NETWORKS[name]
    model = build(params, shape, classes)
    check_against_plan(model, plan_json(params, shape, classes))
    output = model.predict_on_batch(np.zeros((2, *shape), np.uint8))
    assert output.shape == (2, 1 if params.head == "sigmoid" else classes)


@pytest.mark.parametrize(
    ("where", "key", "wrong"),
    [
        (0, "parameters", 1),
        (1, "output_shape", [8, 6, 5]),
        (2, "output_shape", [3, 4, 4]),
        (-1, "parameters", 0),
        (None, "parameters", 1),
        (None, "trainable", 1),
    ],
)
def test_the_check_finds_one_wrong_number(learner: Any, where: int | None, key: str, wrong: object) -> None:
    """Else the proof that the plan is true would prove nothing."""
    from pixelproof.network.cnn.saved.saved import check_against_plan

    plan = plan_json(SMALL, SHAPE, 3)
    check_against_plan(learner.model, plan)
    (plan if where is None else plan["layers"][where])[key] = wrong
    with pytest.raises(AssertionError, match="Keras built"):
        check_against_plan(learner.model, plan)


def test_the_check_finds_a_network_with_one_layer_more(learner: Any) -> None:
    """Else a plan that has lost a layer would pass."""
    from pixelproof.network.cnn.saved.saved import check_against_plan

    plan = plan_json(SMALL, SHAPE, 3)
    lost = plan["layers"].pop(0)
    plan["parameters"] -= lost["parameters"]
    with pytest.raises(AssertionError, match=r"\(parameters, trainable\)"):
        check_against_plan(learner.model, plan)


def test_the_convolution_is_the_articles() -> None:
    """Else the product's convolution would not be the article's: slide the weights, multiply, sum."""
    from pixelproof.network.cnn.cnn import build

    image = """18 54 51 239 244 188  55 121 75 78 95 88  35 24 204 113 109 221
               3 154 104 235 25 130  15 253 225 159 78 233  68 85 180 214 245 0"""
    expected = "429 505 686 856  261 792 412 640  633 653 851 751  608 913 713 657"
    weights = np.array([[1, 0, 1], [0, 1, 0], [1, 0, 1]], np.float32)
    params = network(conv={"kind": "conv", "filters": 1, "kernel": 3}, flatten=FLATTEN)
    convolution = build(params, (6, 6, 1), 2).get_layer("conv")
    convolution.set_weights([weights.reshape(3, 3, 1, 1), np.zeros(1)])
    output = np.asarray(convolution(np.array(image.split(), np.float32).reshape(1, 6, 6, 1)))
    np.testing.assert_array_equal(output.ravel(), np.array(expected.split(), np.float32))


def test_rings_of_zeros_go_around_the_image() -> None:
    """Else the rings of the plan would not be those that Keras adds."""
    from pixelproof.network.cnn.cnn import build

    params = network(conv={"kind": "conv", "filters": 1, "kernel": 3, "padding": 1, "bias": False}, flatten=FLATTEN)
    model = build(params, (2, 2, 1), 2)
    model.get_layer("conv").set_weights([np.ones((3, 3, 1, 1))])
    padded = model.get_layer("conv_zeros")(np.array([1, 2, 3, 4], np.float32).reshape(1, 2, 2, 1))
    np.testing.assert_array_equal(np.asarray(model.get_layer("conv")(padded)).ravel(), [10, 10, 10, 10])


def test_the_model_scales_pixels_itself_and_its_sigmoid_means_the_second_class() -> None:
    """Else a user of the saved model with pixels 0-255 would get nonsense, or swapped classes."""
    from pixelproof.network.cnn.cnn import build
    from pixelproof.network.cnn.saved.saved import predict

    model = build(network("sigmoid", flatten=FLATTEN), (2, 2, 1), 2)
    model.get_layer("output").set_weights([np.ones((4, 1)), np.zeros(1)])
    images = np.stack([np.full((2, 2, 1), 255, np.uint8), np.zeros((2, 2, 1), np.uint8)])
    probabilities = predict(model, [Batch(images, np.array([1, 0]))])
    second = 1 / (1 + np.exp(-4))  # four pixels of 1, times one
    np.testing.assert_allclose(probabilities, [[1 - second, second], [0.5, 0.5]], rtol=1e-5)
    assert probabilities.dtype == np.float32


def test_a_sigmoid_head_learns_the_right_way_round() -> None:
    """Else its one probability would be taken for that of the first class."""
    from pixelproof.network.cnn.cnn import CnnLearner

    learner = CnnLearner(network("sigmoid", flatten=FLATTEN), TRAIN, SHAPE, 2, steps_per_epoch=3, seed=7)
    for _ in range(20):
        learner.train_batch(IMAGES, np.ones(len(IMAGES), np.int64))
    assert (learner.predict(batches(2)).argmax(axis=1) == 1).all()


def test_predictions_have_a_row_per_image_and_sum_to_one(learner: Any) -> None:
    """Else the two models' answers could not be compared."""
    probabilities = learner.predict(batches())
    assert (probabilities.shape, probabilities.dtype) == ((len(IMAGES), 3), np.float32)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)


def test_predictions_stay_in_order_and_do_not_depend_on_the_batches(learner: Any) -> None:
    """Else the answer for an image would depend on its neighbours: batch_norm must not learn here."""
    whole = learner.predict([Batch(IMAGES, labels(3))])
    np.testing.assert_allclose(learner.predict(batches()), whole, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(("head", "classes"), [("softmax", 3), ("softmax", 2), ("sigmoid", 2)])
def test_a_step_reports_the_loss_and_accuracy_of_the_batch_before_it(head: str, classes: int) -> None:
    """Else the training curves would measure running averages, or another moment than the MLP's."""
    learner = trained(network(head, flatten=FLATTEN), classes=classes)
    batch = Batch(IMAGES[3:9], labels(classes)[3:9])
    expected = score(learner.predict([batch]), batch.labels)
    assert learner.train_batch(batch.images, batch.labels) == pytest.approx(expected, rel=1e-4)


def test_the_same_seed_gives_the_same_weights_and_another_seed_others(learner: Any) -> None:
    """Else a training could not be repeated, to the last bit."""
    assert weights_sha256(trained().weights()) == weights_sha256(learner.weights())
    assert weights_sha256(trained(seed=8).weights()) != weights_sha256(learner.weights())


def test_dropout_too_follows_the_seed() -> None:
    """Else a network with dropout could not be trained twice with the same result."""
    params = network(flatten=FLATTEN, drop={"kind": "dropout", "rate": 0.5})
    hashes = {weights_sha256(trained(params, seed=seed).weights()) for seed in (7, 7, 8)}
    assert len(hashes) == 2


def test_the_learner_counts_what_the_plan_counts(learner: Any) -> None:
    """Else MLflow would show another number of parameters than the plan."""
    assert learner.parameters == plan_json(SMALL, SHAPE, 3)["parameters"]


def test_restore_brings_the_weights_back() -> None:
    """Else the best epoch would be lost to the last one; batch_norm's averages included."""
    learner = trained()
    kept, answers = [weight.copy() for weight in learner.weights()], learner.predict(batches())
    learner.train_batch(IMAGES, labels(3))
    assert not np.array_equal(learner.predict(batches()), answers)
    learner.restore(kept)
    np.testing.assert_array_equal(learner.predict(batches()), answers)


def test_the_saved_model_gives_the_same_answers(learner: Any, tmp_path: Path) -> None:
    """Else what is evaluated would not be what was trained."""
    from pixelproof.network.cnn.saved.saved import check_against_plan, load, predict

    learner.save(tmp_path)
    loaded = load(tmp_path / "model.keras")
    np.testing.assert_array_equal(predict(loaded, batches()), learner.predict(batches()))
    assert weights_sha256(loaded.get_weights()) == weights_sha256(learner.weights())
    check_against_plan(loaded, plan_json(SMALL, SHAPE, 3))


def test_the_first_filters_are_kept_as_they_were_before_the_training_and_after(tmp_path: Path) -> None:
    """Else nobody could see what a filter has learnt; also after a training that was stopped and went on."""
    import keras

    from pixelproof.network.cnn.cnn import CnnLearner

    fresh, resumed = (CnnLearner(SMALL, TRAIN, SHAPE, 3, steps_per_epoch=3, seed=7) for _ in range(2))
    done = trained()
    resumed.load_state(done.state())
    for name, learner in (("done", done), ("resumed", resumed)):
        (tmp_path / name).mkdir()
        learner.save(tmp_path / name)
        saved = keras.saving.load_model(tmp_path / name / "model.keras")
        with np.load(tmp_path / name / "filters.npz") as filters:
            np.testing.assert_array_equal(filters["before"], first_kernel(fresh.model))
            np.testing.assert_array_equal(filters["after"], first_kernel(saved))
            assert not np.array_equal(filters["before"], filters["after"])


def first_kernel(model: Any) -> np.ndarray:
    return next(np.array(weight) for weight in model.weights if len(weight.shape) == 4)


def test_a_network_without_convolution_keeps_no_filters(tmp_path: Path) -> None:
    """There are none to show."""
    from pixelproof.network.cnn.cnn import CnnLearner

    learner = CnnLearner(network(flatten=FLATTEN), TRAIN, SHAPE, 3, steps_per_epoch=3, seed=7)
    learner.save(tmp_path)
    assert not (tmp_path / "filters.npz").exists()
