"""The recipe: what each of its keys does to a training."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pixelproof.training.feed import Batch
from pixelproof.training.loop import weights_sha256
from tests.support.networks import (
    DEEP,
    IMAGES,
    SHAPE,
    batches,
    deep,
    labels,
    learner_with,
    plan_json,
    same,
    steps,
    trained,
)

pytestmark = pytest.mark.slow  # TensorFlow takes ten seconds to load


@pytest.mark.parametrize(
    "optimizer",
    [
        {"kind": "adam"},
        {"kind": "adamw", "weight_decay": 0.1},
        {"kind": "sgd", "momentum": 0.9, "nesterov": True},
        {"kind": "rmsprop", "rho": 0.8},
        {"kind": "lion", "weight_decay": 0.1},
    ],
    ids=lambda optimizer: str(optimizer["kind"]),
)
def test_each_optimizer_learns_with_its_options_and_its_state_goes_on(optimizer: dict[str, Any]) -> None:
    """Else a kind of the schema would fail in Keras, lose an option, or be continued wrongly."""
    learner = learner_with(optimizer=optimizer)
    assert type(learner._trainer.optimizer).__name__.lower() == optimizer["kind"]
    config = learner._trainer.optimizer.get_config() | {"kind": optimizer["kind"]}
    assert {key: config[key] for key in optimizer} == optimizer
    state = steps(learner, range(3)).state()
    again = learner_with(optimizer=optimizer)
    again.load_state(state)
    assert same(steps(again, range(3, 6)).state(), steps(learner, range(3, 6)).state())
    assert learner.train_batch(IMAGES, labels(3))[0] != learner.train_batch(IMAGES, labels(3))[0]


def test_without_a_word_the_optimizer_is_adam_as_keras_has_it() -> None:
    """Else params without the key would train otherwise than they did."""
    plain, named = (steps(learner_with(**recipe), range(4)) for recipe in ({}, {"optimizer": {"kind": "adam"}}))
    assert type(plain._trainer.optimizer).__name__ == "Adam"
    assert same(plain.state(), named.state())


def test_kernels_decay_and_nothing_else() -> None:
    """Else biases and batch norm's scales would be pulled to zero, which costs accuracy."""
    decayed, free = (
        steps(deep({"optimizer": {"kind": "adamw", "weight_decay": decay}}), range(1)) for decay in (0.5, 0.0)
    )
    for variable, other in zip(decayed.model.trainable_variables, free.model.trainable_variables, strict=True):
        assert np.array_equal(variable, other) == (variable.name != "kernel")


def test_the_learning_rate_of_each_step_is_the_schedules() -> None:
    """Else `cnn.schedule` would change nothing."""
    learner = learner_with(optimizer={"kind": "sgd"}, schedule={"kind": "step", "milestones": [1], "factor": 0.1})
    moves = []
    for _ in range(4):
        before = learner.state()
        learner.train_batch(np.zeros_like(IMAGES), labels(3))  # of nothing but black only the bias learns
        moves.append(np.abs(learner.model.get_weights()[1] - before["model/1"]).max())
    assert moves[3] / moves[2] == pytest.approx(0.1, rel=0.05)
    assert moves[2] / moves[1] == pytest.approx(1, rel=0.05)


@pytest.mark.parametrize(("head", "classes"), [("softmax", 3), ("sigmoid", 2)])
def test_label_smoothing_is_the_cross_entropy_with_softened_targets(head: str, classes: int) -> None:
    """Else the key would mean something else than in the paper: (1 - s) of the label, s spread over all classes."""
    learner = learner_with(head, classes, label_smoothing=0.2)
    answers = learner.predict([Batch(IMAGES, labels(classes))])
    targets = 0.8 * np.eye(classes)[labels(classes)] + 0.2 / classes
    expected = -(targets * np.log(answers)).sum(axis=1).mean()
    loss, accuracy = learner.train_batch(IMAGES, labels(classes))
    assert loss == pytest.approx(expected, rel=1e-4)
    assert accuracy == pytest.approx((answers.argmax(axis=1) == labels(classes)).mean())


@pytest.mark.parametrize("kind", ["mixup", "cutmix"])
@pytest.mark.parametrize(("head", "classes"), [("softmax", 3), ("sigmoid", 2)])
def test_a_mixed_batch_is_learned_with_the_shares_and_judged_by_the_larger(kind: str, head: str, classes: int) -> None:
    """Else the network would learn from other shares than it sees, or the curve of the accuracy mean nothing."""
    from pixelproof.network.cnn.mixing import mix

    learner = learner_with(head, classes, **{kind: {"alpha": 1.0}})
    mixed = mix(IMAGES, learner._params, seed=7, step=0)
    targets = mixed.soft(np.eye(classes, dtype=np.float32)[labels(classes)])
    answers = learner.predict([Batch(mixed.images, labels(classes))])
    loss, accuracy = learner.train_batch(IMAGES, labels(classes))
    assert loss == pytest.approx(-(targets * np.log(answers)).sum(axis=1).mean(), rel=1e-3)
    assert accuracy == pytest.approx((answers.argmax(axis=1) == targets.argmax(axis=1)).mean())
    assert learner.train_batch(IMAGES, labels(classes))[0] != loss


@pytest.mark.parametrize(("head", "classes"), [("softmax", 3), ("sigmoid", 2)])
def test_balanced_class_weights_make_rare_classes_count(head: str, classes: int) -> None:
    """Else a class with few photos would hardly be learned."""
    from pixelproof.network.cnn.recipe import balanced_weights

    counts = [30, 10, 20][:classes]
    learner = learner_with(head, classes, counts, class_weights="balanced")
    answers = learner.predict([Batch(IMAGES, labels(classes))])
    true = answers[np.arange(len(IMAGES)), labels(classes)]
    expected = -(balanced_weights(counts)[labels(classes)] * np.log(true)).mean()
    assert learner.train_batch(IMAGES, labels(classes))[0] == pytest.approx(expected, rel=1e-4)


def test_class_weights_are_scikit_learns_and_a_class_without_images_has_none() -> None:
    """Else `balanced` would mean something else than elsewhere, or a missing class end in infinity."""
    from sklearn.utils.class_weight import compute_class_weight

    from pixelproof.network.cnn.recipe import balanced_weights

    counts = [30, 10, 20]
    expected = compute_class_weight("balanced", classes=np.arange(3), y=np.repeat(np.arange(3), counts))
    np.testing.assert_allclose(balanced_weights(counts), expected, rtol=1e-6)
    assert balanced_weights([4, 0]).tolist() == [0.5, 0]


def test_class_weights_without_counts_are_refused() -> None:
    """Else they would be left out without a word."""
    with pytest.raises(ValueError, match="label_counts"):
        learner_with(class_weights="balanced")


def test_gradients_are_clipped_together() -> None:
    """Else one wild batch could throw the weights far away."""
    before, free, clipped = (learner_with(optimizer={"kind": "sgd"}, **clip) for clip in ({}, {}, {"clip_norm": 0.01}))
    moves = [_moved(before, steps(learner, range(1))) for learner in (free, clipped)]
    assert np.linalg.norm(moves[1]) == pytest.approx(0.01 * 0.01, rel=1e-3)  # the rate times the norm
    np.testing.assert_allclose(moves[1] / np.linalg.norm(moves[1]), moves[0] / np.linalg.norm(moves[0]), atol=1e-3)


def _moved(before: Any, after: Any) -> np.ndarray:
    pairs = zip(before.model.get_weights(), after.model.get_weights(), strict=True)
    return np.concatenate([(new - old).ravel() for old, new in pairs])


def averaging() -> Any:
    return steps(deep({"average_weights": 0.8}), range(5))


def test_averaged_weights_are_the_exponential_average_of_all_steps() -> None:
    """Else another average would be evaluated than params.yaml asks for."""
    learner = deep({"average_weights": 0.8})
    expected: Any = None
    for number in range(5):
        steps(learner, range(number, number + 1))
        raw = [np.array(variable) for variable in learner.model.trainable_variables]
        expected = raw if expected is None else [0.8 * old + 0.2 * new for old, new in zip(expected, raw, strict=True)]
    with learner._averages_in_use():
        for variable, average in zip(learner.model.trainable_variables, expected, strict=True):
            np.testing.assert_allclose(variable, average, rtol=1e-5, atol=1e-7)


def test_averages_are_judged_and_saved_and_the_training_goes_on_with_the_raw_weights(tmp_path: Path) -> None:
    """Else evaluation would change the training run, or another model would be saved than was evaluated."""
    from pixelproof.network.cnn.saved.saved import load, predict

    learner, undisturbed = averaging(), averaging()
    answers, weights = learner.predict(batches()), learner.weights()
    learner.save(tmp_path)
    np.testing.assert_array_equal(predict(load(tmp_path / "model.keras"), batches()), answers)
    assert not np.array_equal(answers, predict(learner.model, batches()))
    assert same(steps(learner, range(5, 8)).state(), steps(undisturbed, range(5, 8)).state())
    learner.restore(weights)
    assert weights_sha256(learner.weights()) == weights_sha256(weights)
    np.testing.assert_array_equal(learner.predict(batches()), answers)
    learner.save(tmp_path)
    np.testing.assert_array_equal(predict(load(tmp_path / "model.keras"), batches()), answers)


def test_before_the_first_step_the_weights_are_judged_as_they_are() -> None:
    """Else averages that have not begun, all zeros, would be."""
    learner = deep({"average_weights": 0.8})
    assert weights_sha256(learner.weights()) == weights_sha256(learner.model.get_weights())


def test_mixed_precision_stays_inside_its_model_and_answers_are_float32(tmp_path: Path) -> None:
    """Else the next model would compute in another precision, and probabilities have three digits."""
    import keras

    from pixelproof.network.cnn.saved.saved import check_against_plan, load, predict

    learner = steps(deep({"precision": "mixed_bfloat16"}), range(2))
    assert keras.config.dtype_policy().name == "float32"
    assert learner.model.get_layer("conv").compute_dtype == "bfloat16"
    assert {str(weight.dtype) for weight in learner.weights()} == {"float32"}
    answers = learner.predict(batches())
    assert answers.dtype == np.float32
    np.testing.assert_allclose(answers.sum(axis=1), 1, rtol=1e-6)
    learner.save(tmp_path)
    loaded = load(tmp_path / "model.keras")
    assert loaded.predict_on_batch(IMAGES).dtype == np.float32
    np.testing.assert_array_equal(predict(loaded, batches()), answers)
    check_against_plan(loaded, plan_json(DEEP, SHAPE, 3))


def test_the_saved_model_holds_no_optimizer(tmp_path: Path) -> None:
    """Else its file would be up to three times as large, and need the project's own code to load."""
    from pixelproof.network.cnn.saved.saved import load

    trained().save(tmp_path)
    assert not load(tmp_path / "model.keras").compiled
