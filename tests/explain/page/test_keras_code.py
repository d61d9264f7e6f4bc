"""The user's network as Keras code: it must build that network."""

from typing import Any

import numpy as np
import pytest

from pixelproof.explain.page.keras_code import keras_code
from pixelproof.explain.tracing.trace import trace
from pixelproof.explain.tracing.traced import TracedLayer

pytestmark = pytest.mark.slow


def built_from(code: str) -> Any:
    names: dict[str, Any] = {}
    exec(code, names)
    return names["model"]


def network() -> Any:
    import keras
    from keras import layers as of

    from pixelproof.network.cnn.pooling import l2_pooling

    keras.utils.set_random_seed(5)
    photo = keras.Input((13, 12, 3), name="input")
    x = of.Rescaling([1 / 255, 1 / 200, 1 / 255], [0.0, -0.1, 0.2], name="scale")(photo)
    x = of.ZeroPadding2D(((2, 1), (0, 2)), name="zeros")(x)
    x = of.Conv2D(4, (3, 2), (2, 1), "same", name="class", activation="relu")(x)
    x = of.BatchNormalization(name="norm-1", epsilon=0.002, scale=False)(x)
    x = l2_pooling(x.shape[1:], (2, 2), (2, 2), "valid", "norms")(x)
    y = of.Conv2D(4, 3, padding="same", dilation_rate=2, use_bias=False, name="dilated")(x)
    x = of.Concatenate(name="joined")([of.Add(name="sum")([x, y]), y])
    x = of.SeparableConv2D(6, 3, padding="same", depth_multiplier=2, name="separable")(x)
    x = of.DepthwiseConv2D(3, padding="same", depth_multiplier=2, name="depthwise", activation="elu")(x)
    x = of.Activation("silu", name="silu")(of.AveragePooling2D(2, 1, "same", name="average")(x))
    x = of.Dropout(0.3, name="drop")(of.Flatten(name="flatten")(x))
    return keras.Model(photo, of.Dense(2, activation="softmax", name="output")(x))


def test_it_builds_the_same_network() -> None:
    """With the same weights it must give the same answers, or it is another network."""
    model, photos = network(), np.random.default_rng(0).integers(0, 256, (2, 13, 12, 3), dtype=np.uint8)
    code = keras_code(trace(model, photos))
    again = built_from(code)
    again.set_weights(model.get_weights())
    np.testing.assert_allclose(again(photos.astype(np.float32)), model(photos.astype(np.float32)), rtol=1e-4, atol=1e-6)
    assert 'layers.Dropout(0.3, name="drop")' in code
    assert "_class = " in code


def test_what_cannot_be_taken_apart_is_a_comment() -> None:
    """A backbone of 2 million parameters is no line of code."""
    layers = [TracedLayer("backbone", "Functional", [], np.zeros((1, 2)), None, 2_257_984)]
    assert "# backbone: a Functional of 2,257,984 parameters" in keras_code(layers)
