"""Every kind of network in ONNX and LiteRT: the same answers, or a refusal that names the layer."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pixelproof.errors import UserError
from pixelproof.export.command import Reference, _in_float32, write_target
from pixelproof.export.images import ProofImages
from pixelproof.export.proof import Measured, answers
from pixelproof.inference.classifier import Classifier
from tests.support.exports import random_images, untrained

pytestmark = pytest.mark.slow  # TensorFlow takes ten seconds to load

CONV = {"kind": "conv", "filters": 4, "kernel": 3, "padding": "same"}
FLATTEN = {"flatten": {"kind": "flatten"}}
EVERY_KIND: dict[str, Any] = {
    "pad": {"kind": "zero_pad", "rings": 1},
    "conv1": {**CONV, "kernel": [5, 3], "padding": 2, "activation": "gelu"},
    "norm1": {"kind": "batch_norm"},
    "conv2": {"kind": "separable_conv", "filters": 6, "kernel": 3, "padding": "same", "activation": "silu"},
    "pool1": {"kind": "max_pool", "size": 2},
    "stage2": {
        "kind": "residual",
        "activation": "elu",
        "layers": {"conv1": {**CONV, "stride": 2, "filters": 8}, "norm": {"kind": "batch_norm"}, "conv2": CONV},
    },
    "conv3": {**CONV, "dilation": 2, "activation": "leaky_relu"},
    "pool3": {"kind": "l2_pool", "size": 3, "stride": 2, "padding": "same"},
    "pool4": {"kind": "average_pool", "size": 3, "stride": 1, "padding": "same"},
    "drop": {"kind": "dropout", "rate": 0.5},
    **FLATTEN,
    "hidden": {"kind": "dense", "units": 5, "activation": "tanh"},
}
EVERY_KIND["stage2"]["layers"]["conv2"] = {**CONV, "filters": 8}
GREY = (11, 9, 1)


def reference(classifier: Classifier) -> Reference:
    images = random_images(9, classifier.preprocessing.shape)
    nothing = Measured(None, 0, {"1": 0.0})
    return Reference(
        classifier, ProofImages(images, None, "random pixels"), answers(classifier.network, images), nothing
    )


NETWORKS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "every kind of layer, mirrored": (EVERY_KIND, {"average_mirrored": True}),
    "grey, sigmoid, global pool": (
        {"conv": CONV, "pool": {"kind": "global_max_pool"}},
        {"head": "sigmoid", "shape": GREY},
    ),
    "mixed precision": (
        {"conv": CONV, "pool": {"kind": "l2_pool", "size": 2}, **FLATTEN},
        {"precision": "mixed_bfloat16"},
    ),
}


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_answer_the_same_in_onnx_and_litert(name: str, tmp_path: Path) -> None:
    """Else someone's phone would see another class than `evaluate` did."""
    layers, params = NETWORKS[name]
    trained = untrained(layers, **params)
    exact, words = _in_float32(trained)
    model = reference(exact)
    for target in ("onnx", "litert"):
        proof = write_target(target, model, tmp_path / target, np.empty(0))
        assert proof.largest_difference < 1e-5
        assert (proof.same_class, proof.images) == (9, 9)
    half = "precision" in params
    assert bool(words) == half
    assert np.abs(trained.network(model.tested.images) - model.answers).max() < (0.05 if half else 1e-7)
    assert model.answers.std() > 0.01, "a constant network proves nothing"


def odd(inside: bool = False) -> Classifier:
    """Return a network with a layer that neither ONNX nor LiteRT has, if asked for in a model within it."""
    import keras
    import tensorflow as tf

    @keras.saving.register_keras_serializable("tests")
    class Odd(keras.layers.Layer):
        def call(self, inputs: Any) -> Any:
            return tf.math.lgamma(1 + inputs)

    usual = untrained(FLATTEN)
    images = keras.Input(usual.preprocessing.shape)
    scaled = keras.layers.Rescaling(1 / 255, name="scale")(images)
    layer = Odd(name="strange")
    if inside:
        within = keras.Input(usual.preprocessing.shape)
        layer = keras.Model(within, layer(keras.layers.ReLU()(within)), name="backbone")
    outputs = keras.layers.Dense(3, "softmax", name="output")(keras.layers.Flatten()(layer(scaled)))
    model = keras.Model(images, outputs)
    return Classifier(usual.preprocessing, lambda images: model.predict_on_batch(images), model)


@pytest.mark.parametrize(
    ("target", "inside", "says"),
    [
        ("onnx", False, "ONNX cannot express layer strange: "),
        ("litert", True, "LiteRT cannot express layer backbone/strange: "),
    ],
)
def test_a_layer_that_a_format_lacks_is_named(target: str, inside: bool, says: str, tmp_path: Path) -> None:
    """Else a person would read a converter's traceback, and search the network for what it means."""
    with pytest.raises(UserError) as refusal:
        write_target(target, reference(odd(inside)), tmp_path / target, np.empty(0))
    assert str(refusal.value).startswith(says)
    assert list(tmp_path.iterdir()) == [], "a half of an export was left"


def test_an_export_that_answers_otherwise_is_not_kept(tmp_path: Path) -> None:
    """Else a converter's fault would reach whoever uses the file."""
    model = reference(untrained(FLATTEN))
    model.answers[3] = model.answers[3][::-1] + 0.01
    with pytest.raises(UserError, match=r"^onnx: on random pixels its probabilities differ .* Nothing was kept"):
        write_target("onnx", model, tmp_path / "onnx", np.empty(0))
    assert list(tmp_path.iterdir()) == []
