"""The page shows a network learn: every number is that of Keras with the weights of the same epoch."""

from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from tests.support.explained import Built, build_page, every_kind, some_photos
from tests.support.opened_pages import WIDTHS, open_page
from tests.support.photos import CLASSES

pytestmark = pytest.mark.slow
SHAPE = (24, 20, 3)
EPOCHS = (0, 1)  # of the planted history's two, of which the last is kept


class Learned(NamedTuple):
    built: Built
    model: Any
    snapshots: Mapping[int, Sequence[np.ndarray]]


@cache
def every_gradient() -> Any:
    """Return a model with every layer that a gradient of the page goes through, and no box."""
    import keras
    from keras import layers as of

    from pixelproof.network.cnn.pooling import l2_pooling

    keras.utils.set_random_seed(5)
    image = keras.Input(SHAPE, name="input")
    x = of.Rescaling(1 / 255, name="scale")(image)
    x = of.Conv2D(5, (3, 2), (2, 1), "same", name="conv", activation="gelu")(x)
    x = of.BatchNormalization(name="norm")(x)
    x = of.ZeroPadding2D(((2, 1), (0, 2)), name="zeros")(x)
    x = of.Activation("silu", name="silu")(keras.ops.flip(x, axis=-1))
    x = of.MaxPooling2D(3, 2, "same", name="largest")(x)
    y = of.Conv2D(5, 3, padding="same", dilation_rate=2, use_bias=False, name="dilated", activation="tanh")(x)
    x = of.Concatenate(name="joined")([of.Add(name="shortcut")([x, y]), y])
    x = of.SeparableConv2D(6, 3, padding="same", depth_multiplier=2, name="separable", activation="leaky_relu")(x)
    x = of.DepthwiseConv2D(3, padding="same", depth_multiplier=2, name="depthwise", activation="elu")(x)
    x = of.AveragePooling2D(2, 1, "same", name="average")(x)
    x = of.Dropout(0.2, name="drop")(x)
    x = l2_pooling(x.shape[1:], (2, 2), (2, 2), "valid", "norms")(x)
    hidden = of.Dense(7, activation="sigmoid", name="hidden")(of.Flatten(name="flatten")(x))
    x = of.Concatenate(name="all")(
        [hidden, of.GlobalMaxPooling2D(name="global_largest")(x), of.GlobalAveragePooling2D(name="global_mean")(x)]
    )
    x = of.Activation("softmax", name="shares")(x)
    return keras.Model(image, of.Dense(2, activation="softmax", name="output")(x), name="cnn")


@cache
def one_output(convolution: bool) -> Any:
    """Return a model with a sigmoid head, with a convolution or with none."""
    import keras
    from keras import layers as of

    keras.utils.set_random_seed(6)
    image = keras.Input(SHAPE, name="input")
    x = of.Rescaling(1 / 255, name="scale")(image)
    if convolution:
        x = of.MaxPooling2D(2, name="pool")(of.Conv2D(4, 3, activation="relu", name="conv")(x))
    x = of.Flatten(name="flatten")(x)
    return keras.Model(image, of.Dense(1, activation="sigmoid", name="output")(x), name="cnn")


def snapshots_of(model: Any) -> dict[int, list[np.ndarray]]:
    """Return weights of two epochs, unlike the model's own; variances stay positive."""
    rng = np.random.default_rng(4)

    def moved(weight: np.ndarray) -> np.ndarray:
        noise = 0.05 * rng.normal(size=weight.shape)
        moves: np.ndarray = weight + (noise if weight.ndim > 1 else np.abs(noise))
        return moves.astype(np.float16)

    return {epoch: [moved(weight) for weight in model.get_weights()] for epoch in EPOCHS}


MODELS = {
    "every gradient": every_gradient,
    "sigmoid": lambda: one_output(True),
    "no convolution": lambda: one_output(False),
    "box": every_kind,
}


@pytest.fixture(scope="module", params=list(MODELS))
def learned(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Learned:
    model = MODELS[request.param]()
    snapshots = snapshots_of(model)
    path: Path = tmp_path_factory.mktemp("learned") / "page.html"
    return Learned(build_page(model, {"layers": []}, path, SHAPE, snapshots), model, snapshots)


@pytest.fixture
def page(browser: Any, learned: Learned) -> Iterator[Any]:
    opened, troubles = open_page(browser, learned.built.path, WIDTHS["desktop"])
    yield opened
    opened.close()
    assert troubles == []


def has_box(page: Any) -> bool:
    return bool(page.evaluate("Boolean(pixelproof.network.box)"))


def slide_to(page: Any, place: int) -> None:
    """Move the slider, and wait until the page shows that epoch."""
    slider = page.locator("#learning-lab input[type=range]")
    slider.press("Home")
    for _ in range(place):
        slider.press("ArrowRight")
    stop = page.evaluate(f"pixelproof.learningLab.stops[{place}].epoch")
    page.wait_for_selector(f"#learning-lab[data-epoch='{stop}']")


def with_weights(learned: Learned, epoch: int) -> Any:
    """Return Keras's model with the weights of a snapshot."""
    learned.model.set_weights([weight.astype(np.float32) for weight in learned.snapshots[epoch]])
    return learned.model


@pytest.fixture
def own_weights(learned: Learned) -> Iterator[None]:
    """Put the model's own weights back at the end."""
    own = learned.model.get_weights()
    yield
    learned.model.set_weights(own)


@pytest.mark.usefixtures("own_weights")
def test_each_epoch_is_computed_with_its_own_weights(page: Any, learned: Learned) -> None:
    """Else the slider would show a network that never was: it is compared with Keras at every epoch."""
    if has_box(page):
        slide_to(page, 1)
        assert page.locator("#learning-lab canvas").count(), "the filters and maps before the box"
        assert page.locator("#learning-lab .answers").count() == 0, "what follows the box is not the page's to compute"
        return
    for place, epoch in enumerate(EPOCHS):
        slide_to(page, place)
        answer = with_weights(learned, epoch).predict_on_batch(learned.built.shown.images[:1].astype(np.float32))[0]
        expected = [1 - answer[0], answer[0]] if len(answer) == 1 else answer
        shown = page.evaluate(f"pixelproof.learningLab.at({place}).photos[0].probabilities")
        assert shown == pytest.approx(np.asarray(expected).tolist(), abs=1e-4)
        assert f"{100 * shown[0]:.1f} %" in page.inner_text("#learning-lab .answers")
    slide_to(page, 2)
    assert "the weights that were kept" in page.inner_text("#learning-lab .formula")
    assert page.evaluate("pixelproof.learningLab.at(2).photos[0].probabilities") == pytest.approx(
        learned.built.shown.probabilities[0].tolist(), abs=1e-4
    )


def test_the_curves_and_numbers_move_with_the_slider(page: Any) -> None:
    """Else loss and accuracy would not be seen to move together with the filters."""
    slide_to(page, 0)
    assert "Before the first step" in page.inner_text("#learning-lab")
    assert "nothing was measured yet" in page.inner_text("#learning-lab .measured")
    before = page.get_attribute(".learning-curves .now", "x1")
    slide_to(page, 2)
    assert "validation loss 0.6" in page.inner_text("#learning-lab .measured")
    assert page.get_attribute(".learning-curves .now", "x1") != before
    assert page.get_attribute("#learning-lab input", "aria-valuetext").startswith("After epoch 2 of 2")


def test_play_goes_through_the_epochs_and_with_reduced_motion_one_at_each_press(browser: Any, learned: Learned) -> None:
    """Else the button would do nothing, or move what its reader has asked not to move."""
    page, _ = open_page(browser, learned.built.path, WIDTHS["desktop"])
    page.click("#learning-lab button")
    page.wait_for_selector("#learning-lab[data-epoch='2']")
    assert page.inner_text("#learning-lab button") == "Play"
    page.close()
    still, _ = open_page(browser, learned.built.path, WIDTHS["desktop"], reduced_motion="reduce")
    still.click("#learning-lab button")
    still.wait_for_selector("#learning-lab[data-epoch='1']")
    still.wait_for_timeout(1600)
    assert still.get_attribute("#learning-lab", "data-epoch") == "1"
    still.close()


def gradients(model: Any, image: np.ndarray, label: int, weights: list[Any]) -> tuple[float, list[np.ndarray]]:
    """Return TensorFlow's loss of a photo, and its gradients by these weights."""
    import tensorflow

    with tensorflow.GradientTape() as tape:
        answer = model(image[None].astype(np.float32), training=False)[0]
        share = (answer[0] if label else 1 - answer[0]) if len(answer) == 1 else answer[label]
        loss = -tensorflow.math.log(share)
    return float(loss), [np.asarray(each) for each in tape.gradient(loss, weights)]


def same(numbers: Any, expected: np.ndarray) -> bool:
    """Whether numbers are equal within 1e-5 of the largest."""
    found = np.asarray(numbers).reshape(expected.shape)
    return bool(np.abs(found - expected).max() <= 1e-5 * np.abs(expected).max())


@pytest.mark.usefixtures("own_weights")
def test_one_step_by_hand_is_that_of_tensorflow(page: Any, learned: Learned) -> None:
    """Else the page would teach a back-propagation that is none: gradients, new weights and new losses are compared."""
    slide_to(page, 0)
    if has_box(page):
        assert "cannot compute the layer backbone" in page.inner_text("#step-lab")
        return
    page.wait_for_selector("#step-lab[data-photo='0']")
    model = with_weights(learned, 0)
    convolution = next((layer for layer in model.layers if layer.name == "conv"), None)
    weights = [model.get_layer("output").kernel, *([convolution.kernel, convolution.bias] if convolution else [])]
    image, label = some_photos(SHAPE)[0][0], 0
    loss, (last, *first) = gradients(model, image, label, weights)
    step = page.evaluate(
        "(({loss, lower, rate, kernel}) => ({loss, lower, rate, kernel: Array.from(kernel)}))(pixelproof.stepLab.last)"
    )
    assert step["loss"] == pytest.approx(loss, rel=1e-5)
    assert step["lower"] < step["loss"]
    assert same(step["kernel"], last)
    assert CLASSES[label] in page.inner_text("#step-lab")
    if convolution is None:
        assert page.evaluate("pixelproof.stepLab.filter") is None
        assert "no convolution" in page.inner_text("#step-lab")
        return
    found = page.evaluate(
        "(({filter, loss, lower, rate, kernel, bias}) => "
        "({filter, loss, lower, rate, kernel: Array.from(kernel), bias: Array.from(bias)}))(pixelproof.stepLab.filter)"
    )
    kernel, bias = first
    assert same(found["kernel"], kernel)
    assert same(found["bias"], bias)
    chosen = found["filter"]
    changed, shifted = convolution.kernel.numpy(), convolution.bias.numpy()
    changed[..., chosen] -= found["rate"] * kernel[..., chosen]
    shifted[chosen] -= found["rate"] * bias[chosen]
    convolution.set_weights([changed, shifted])
    assert gradients(model, image, label, weights)[0] == pytest.approx(found["lower"], rel=1e-5)
    assert found["lower"] < found["loss"]


def test_a_project_without_snapshots_says_how_to_get_them(browser: Any, tmp_path: Path) -> None:
    """Else the page of an older project would fail, or show a slider that moves nothing and no reason."""
    built = build_page(one_output(True), {"layers": []}, tmp_path / "page.html", SHAPE)
    page, troubles = open_page(browser, built.path, WIDTHS["phone"])
    assert "dvc repro --force train@cnn" in page.inner_text("#learning")
    page.wait_for_selector("#step-lab[data-photo='0']")
    assert page.evaluate("document.documentElement.scrollWidth") <= WIDTHS["phone"]
    page.close()
    assert troubles == []
