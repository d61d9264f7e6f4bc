"""Grad-CAM, of networks whose answer is known by arithmetic or by construction."""

from typing import Any

import numpy as np
import pytest

from tests.support.networks import FLATTEN, network

pytestmark = pytest.mark.slow

CONV = {"kind": "conv", "filters": 3, "kernel": 3, "padding": "same", "activation": "relu"}
GLOBAL = {"kind": "global_average_pool"}
RNG = np.random.default_rng(3)


def built(shape: tuple[int, int, int], classes: int, head: Any = "softmax", recipe: Any = None, **layers: Any) -> Any:
    from pixelproof.network.cnn.cnn import build

    return build(network(head, recipe, **layers), shape, classes)


def gradcam(model: Any) -> Any:
    from pixelproof.evidence.gradcam import GradCam

    found = GradCam.of(model)
    assert found is not None
    return found


def photo(shape: tuple[int, int, int]) -> np.ndarray:
    return RNG.integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("channels", [1, 3])
def test_a_linear_network_has_the_map_that_arithmetic_gives(channels: int) -> None:
    """Maps of a 1 x 1 convolution, flattened into a dense layer: weights and gradients are those of the dense layer."""
    shape = (4, 5, channels)
    conv = {"kind": "conv", "filters": 2, "kernel": 1}
    model = built(shape, 3, conv=conv, flatten=FLATTEN)
    kernel, bias = RNG.normal(size=(1, 1, channels, 2)), RNG.normal(size=2)
    dense = RNG.normal(size=(4 * 5 * 2, 3))
    model.get_layer("conv").set_weights([kernel, bias])
    model.get_layer("output").set_weights([dense, RNG.normal(size=3)])
    image = photo(shape)
    maps = image / 255 @ kernel[0, 0] + bias
    for label in range(3):
        alpha = dense[:, label].reshape(4, 5, 2).mean(axis=(0, 1))  # the gradient of a logit is the row of weights
        expected = np.maximum((maps * alpha).sum(axis=2), 0)
        np.testing.assert_allclose(gradcam(model)(image, label), expected, atol=1e-5)


@pytest.mark.parametrize("label", [0, 1])
def test_a_sigmoid_head_speaks_for_both_classes(label: int) -> None:
    """Its one logit is that of the second class; for the first one the opposite speaks."""
    model = built((4, 5, 1), 2, "sigmoid", conv={"kind": "conv", "filters": 1, "kernel": 1}, pool=GLOBAL)
    model.get_layer("conv").set_weights([np.ones((1, 1, 1, 1)), np.full(1, -0.5)])
    model.get_layer("output").set_weights([np.full((1, 1), 2.0), np.zeros(1)])
    image = photo((4, 5, 1))
    signed = (image[:, :, 0] / 255 - 0.5) * 2.0 / (4 * 5)  # the gradient of a mean over 20 places
    expected = np.maximum(signed if label == 1 else -signed, 0)
    np.testing.assert_allclose(gradcam(model)(image, label), expected, atol=1e-6)


def looks_at_corner(recipe: Any = None) -> Any:
    """Return a network that answers by the top left quarter of the image alone."""
    model = built((8, 8, 1), 2, recipe=recipe, conv={**CONV, "filters": 1, "kernel": 1}, flatten=FLATTEN)
    weights = np.zeros((8, 8, 1, 2))
    weights[:4, :4, 0, 1] = 1
    model.get_layer("conv").set_weights([np.ones((1, 1, 1, 1)), np.zeros(1)])
    model.get_layer("output").set_weights([weights.reshape(64, 2), np.zeros(2)])
    return model


@pytest.mark.parametrize("recipe", [None, {"precision": "mixed_bfloat16"}])
def test_what_is_bright_where_a_network_looks_lights_up(recipe: Any) -> None:
    """In either precision the map is float32, and as large as the image's pixels say."""
    image = np.zeros((8, 8, 1), np.uint8)
    image[1:3, 1:3] = 255
    seen = gradcam(looks_at_corner(recipe))(image, 1)
    assert seen.dtype == np.float32
    assert {tuple(place) for place in np.argwhere(seen > 0)} == {(row, column) for row in (1, 2) for column in (1, 2)}


def test_a_network_that_averages_mirror_images_is_asked_about_both() -> None:
    """The second map is turned back: what lies at the right must light up there."""
    from pixelproof.network.cnn.saved.mirroring import with_flip_averaging

    plain = looks_at_corner()
    image = np.zeros((8, 8, 1), np.uint8)
    image[1:3, 1:3] = image[1:3, 5:7] = 200
    own, mirrored = (gradcam(plain)(picture, 1) for picture in (image, image[:, ::-1]))
    np.testing.assert_allclose(gradcam(with_flip_averaging(plain))(image, 1), (own + mirrored[:, ::-1]) / 2, atol=1e-6)


RESIDUAL = {"kind": "residual", "layers": {"inner": CONV, "norm": {"kind": "batch_norm"}}, "activation": "relu"}


@pytest.mark.parametrize(
    ("layers", "cut"),
    [
        ({"conv": CONV, "pool": {"kind": "max_pool", "size": 2}, "flatten": FLATTEN}, "conv"),
        ({"conv": CONV, "pool": {"kind": "l2_pool", "size": 2}, "flatten": FLATTEN}, "conv"),
        ({"conv": {**CONV, "activation": "linear"}, "norm": {"kind": "batch_norm"}, "pool": GLOBAL}, "norm"),
        ({"one": {"kind": "separable_conv", "filters": 2, "kernel": 3}, "pool": {"kind": "global_max_pool"}}, "one"),
        ({"block": RESIDUAL, "drop": {"kind": "dropout", "rate": 0.5}, "pool": GLOBAL}, "block"),
        (
            {"conv": CONV, "flatten": FLATTEN, "hidden": {"kind": "dense", "units": 4, "activation": "relu"}},
            "conv",
        ),
    ],
)
def test_the_map_is_of_the_last_layer_that_finds_something(layers: dict[str, Any], cut: str) -> None:
    """And both halves together must be the whole network, else the gradients would be those of another one."""
    from pixelproof.evidence.graph import halves, scores

    model = built((8, 8, 3), 3, **layers)
    found, parts = gradcam(model), halves(model)
    assert parts is not None
    assert found.layer.startswith(cut)
    image = photo((8, 8, 3))
    logits = np.asarray(scores(parts.behind(parts.before(image[np.newaxis].astype(np.float32))), model))
    shares = np.exp(logits) / np.exp(logits).sum()
    np.testing.assert_allclose(shares, model.predict_on_batch(image[np.newaxis]), atol=1e-5)
    assert found(image, 0).shape == tuple(parts.before.output_shape[1:3])


@pytest.mark.parametrize(
    "layers", [{"flatten": FLATTEN}, {"pool": {"kind": "max_pool", "size": 2}, "flatten": FLATTEN}]
)
def test_a_network_without_filters_has_no_map(layers: dict[str, Any]) -> None:
    """Its gradients are no places where anything was found."""
    from pixelproof.evidence.gradcam import GradCam

    assert GradCam.of(built((8, 8, 3), 3, **layers)) is None
