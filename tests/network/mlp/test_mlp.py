import json
from pathlib import Path

import numpy as np
import pytest

from pixelproof.network.mlp.mlp import MlpLearner
from pixelproof.network.mlp.saved import check_against_plan, flatten, load
from pixelproof.network.plan.plan import plan_mlp
from pixelproof.training.feed import Batch
from pixelproof.training.loop import score, weights_sha256
from pixelproof.training.snapshots import with_epoch
from tests.support.mlp_learners import (
    FEATURES,
    IMAGES,
    SCHEDULED,
    SHAPE,
    batches,
    labels,
    learner_of,
    params,
    steps,
    train,
)


def trained(*hidden: int, classes: int = 3, seed: int = 7, epochs: int = 2) -> MlpLearner:
    learner = MlpLearner(params(*hidden), train(), FEATURES, classes, steps_per_epoch=3, seed=seed)
    for _ in range(epochs):
        for batch in batches(classes):
            learner.train_batch(batch.images, batch.labels)
    return learner


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("hidden", [(), (7,), (7, 5)])
def test_scikit_learn_builds_what_the_plan_says(hidden: tuple[int, ...], classes: int) -> None:
    """Else `pixelproof plan` would count another MLP than the one that is trained."""
    learner = trained(*hidden, classes=classes)
    plan = json.loads(json.dumps(plan_mlp(params(*hidden), SHAPE, classes).as_json()))
    check_against_plan(learner.model, plan)
    assert learner.parameters == plan["parameters"]


@pytest.mark.parametrize(("layer", "key", "wrong"), [(0, "parameters", 1), (1, "output_shape", [9])])
def test_the_check_finds_one_wrong_number(layer: int, key: str, wrong: object) -> None:
    """Else the proof that the plan is true would prove nothing."""
    plan = json.loads(json.dumps(plan_mlp(params(7), SHAPE, 3).as_json()))
    plan["layers"][layer][key] = wrong
    with pytest.raises(AssertionError, match=rf"layer {plan['layers'][layer]['name']}: scikit-learn built"):
        check_against_plan(trained(7).model, plan)


@pytest.mark.parametrize("classes", [2, 3])
def test_probabilities_have_a_column_per_class_and_sum_to_one(classes: int) -> None:
    """Else the two models' answers could not be compared."""
    probabilities = trained(7, classes=classes).predict(batches(classes))
    assert probabilities.shape == (len(IMAGES), classes)
    assert probabilities.dtype == np.float32
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-6)


def test_predictions_do_not_depend_on_the_batches() -> None:
    """Else the answer for an image would depend on its neighbours, or come in another order."""
    learner = trained(7)
    np.testing.assert_allclose(learner.predict(batches(3, size=1)), learner.predict(batches(3)), rtol=1e-5)


def test_the_same_seed_gives_the_same_weights_and_another_seed_others() -> None:
    """Else a training could not be repeated."""
    first, again, other = (weights_sha256(trained(7, seed=seed).weights()) for seed in (7, 7, 8))
    assert first == again
    assert first != other


def test_every_batch_is_one_step_the_last_smaller_one_too() -> None:
    """Else the MLP would take other steps than the CNN on the same batches."""
    assert trained(7, epochs=3).model["mlp"]._optimizer.t == 3 * 3


def test_a_step_changes_the_weights() -> None:
    """Else nothing would be learned from the last, smaller batch."""
    learner = trained(7)
    before = weights_sha256(learner.weights())
    learner.train_batch(IMAGES[-4:], labels(3)[-4:])
    assert weights_sha256(learner.weights()) != before


@pytest.mark.parametrize("classes", [2, 3])
def test_a_step_reports_the_loss_and_accuracy_of_the_batch_before_it(classes: int) -> None:
    """Else the training curves of the two models would measure different moments."""
    learner = trained(7, classes=classes)
    batch = Batch(IMAGES[3:9], labels(classes)[3:9])
    expected = score(learner.predict(iter([batch])), batch.labels)
    assert learner.train_batch(batch.images, batch.labels) == pytest.approx(expected, rel=1e-5)


def test_a_batch_without_some_classes_can_be_learned() -> None:
    """Else a first batch that happens to lack a class would end the training."""
    learner = MlpLearner(params(7), train(), FEATURES, 3, steps_per_epoch=3, seed=7)
    learner.train_batch(IMAGES[:8], np.zeros(8, np.int64))
    assert learner.predict(batches(3)).shape == (len(IMAGES), 3)


def test_restore_brings_the_weights_back() -> None:
    """Else the best epoch would be lost to the last one."""
    learner = trained(7)
    kept = [weight.copy() for weight in learner.weights()]
    answers = learner.predict(batches(3))
    learner.train_batch(IMAGES, labels(3))
    assert not np.array_equal(learner.predict(batches(3)), answers)
    learner.restore(kept)
    np.testing.assert_array_equal(learner.predict(batches(3)), answers)
    assert weights_sha256(learner.weights()) == weights_sha256(kept)


def test_the_saved_model_gives_the_same_answers(tmp_path: Path) -> None:
    """Else what is evaluated would not be what was trained; skops must also trust every type in the file."""
    learner = trained(7)
    learner.save(tmp_path)
    pixels = flatten(IMAGES)
    np.testing.assert_array_equal(
        load(tmp_path / "model.skops").predict_proba(pixels), learner.model.predict_proba(pixels)
    )


def test_everything_is_float32() -> None:
    """Else the MLP would take twice the memory, 2 x 27 million numbers at the article's size."""
    learner = trained(7)
    pixels = flatten(IMAGES)
    assert {str(weight.dtype) for weight in learner.weights()} == {"float32"}
    assert {str(given.dtype) for given in (pixels, learner.model["scale"].transform(pixels))} == {"float32"}


def test_images_are_flattened_row_by_row_with_their_pixel_values() -> None:
    """Else the MLP would see other pixels than the CNN."""
    pixels = flatten(IMAGES)
    assert pixels.shape == (len(IMAGES), FEATURES)
    assert pixels[3, 5 * 3 + 2 * 3 + 1] == IMAGES[3, 1, 2, 1]


def test_the_model_scales_pixels_itself() -> None:
    """Else a user of the saved model with pixels 0-255 would get nonsense."""
    scaled = trained(7).model["scale"].transform(np.array([[0, 51, 255] * 20], np.float32))
    np.testing.assert_allclose(scaled[0, :3], [0, 0.2, 1], rtol=1e-6)


def test_the_learning_rate_follows_the_schedule() -> None:
    """Else `mlp.schedule` would change nothing. Adam's step is its rate, about, whatever the gradient."""
    learner = learner_of(3)
    seen = []
    for number in range(12):
        steps(learner, 3, range(number, number + 1))
        seen.append(learner.model["mlp"]._optimizer.learning_rate_init)
    assert seen == [learner.rate(step) for step in range(12)]
    assert len(set(seen)) == 11  # three steps of warm-up, then down; the peak is met twice


def test_averaged_weights_are_used_and_saved(tmp_path: Path) -> None:
    """Else `mlp.average_weights` would change nothing; expected are those of the definition, and the raw ones go on."""
    without = SCHEDULED.model_copy(update={"average_weights": None})
    learner, raw = learner_of(3), MlpLearner(without, train(), FEATURES, 3, steps_per_epoch=3, seed=7)
    averages: list[np.ndarray] = []
    for number in range(6):
        steps(learner, 3, range(number, number + 1))
        weights = [weight.astype(np.float64) for weight in steps(raw, 3, range(number, number + 1)).weights()]
        averages = [0.8 * a + 0.2 * w for a, w in zip(averages, weights, strict=True)] if averages else weights
    for found, expected in zip(learner.weights(), averages, strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-6)
    answers = learner.predict(batches(3))
    assert not np.array_equal(answers, raw.predict(batches(3)))
    learner.save(tmp_path)
    saved = load(tmp_path / "model.skops").predict_proba(flatten(IMAGES))
    np.testing.assert_array_equal(saved.astype(np.float32), answers)
    kept = [weight.copy() for weight in learner.weights()]
    steps(learner, 3, range(6, 9))
    learner.restore(kept)
    np.testing.assert_array_equal(learner.predict(batches(3)), answers)


@pytest.mark.parametrize("place", range(4))
def test_a_loss_that_is_no_number_is_returned_as_such(place: int) -> None:
    """Else scikit-learn's ValueError would end the training as a traceback, in the place of a message."""
    learner = learner_of(3)
    learner.rate = lambda step: 1e38 if step >= place else 0.01
    losses = [learner.train_batch(IMAGES, labels(3))[0] for _ in range(12)]
    assert np.isfinite(losses[:place]).all()
    assert np.isnan(losses[-1])


def test_before_the_first_step_there_are_no_weights() -> None:
    """Else a training of an MLP would end before it begins: its first snapshot is taken there."""
    learner = MlpLearner(params(7), train(), FEATURES, 3, steps_per_epoch=3, seed=7)
    assert learner.weights() == []
    assert with_epoch({}, 0, learner.weights()) == {}
