"""The CNN of params.yaml as a Keras model, and how it learns, predicts and is saved."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import keras
import numpy as np

from pixelproof.network.geometry import pair
from pixelproof.network.layers import Shape
from pixelproof.network.plan import output_units
from pixelproof.params.base import Padding
from pixelproof.params.network import (
    ActivationLayer,
    BatchNorm,
    Cnn,
    Conv,
    Dense,
    Dropout,
    Flatten,
    GlobalPool,
    Layer,
    Pool,
    ZeroPad,
)


def build(params: Cnn, input_shape: Shape, classes: int) -> keras.Model:
    """Return the uncompiled model; its layers have the names of params.yaml.

    Input: pixels 0-255, (n, height, width, channels); the scaling to 0-1 is the model's first layer.
    Output: (n, classes) probabilities with a softmax head; (n, 1), that of the second class, with sigmoid.
    """
    inputs = keras.Input(input_shape, name="input")
    x = keras.layers.Rescaling(1 / 255, name="scale")(inputs)
    for name, layer in params.layers.items():
        for keras_layer in _keras_layers(name, layer):
            x = keras_layer(x)
    units = output_units(params.head, classes)
    outputs = keras.layers.Dense(units, activation=params.head, name="output", dtype="float32")(x)
    return keras.Model(inputs, outputs, name="cnn")


def _keras_layers(name: str, layer: Layer) -> Sequence[keras.Layer]:
    """Return the Keras layers of one layer of params.yaml: itself, after a layer of zeros where it asks for rings."""
    match layer:
        case Conv():
            zeros, padding = _padding(name, layer.padding)
            convolution = keras.layers.Conv2D(
                layer.filters,
                pair(layer.kernel),
                pair(layer.stride),
                padding,
                dilation_rate=pair(layer.dilation),
                activation=layer.activation,
                use_bias=layer.bias,
                name=name,
            )
            return [*zeros, convolution]
        case Pool():
            zeros, padding = _padding(name, layer.padding)
            pooling = keras.layers.MaxPooling2D if layer.kind == "max_pool" else keras.layers.AveragePooling2D
            return [*zeros, pooling(pair(layer.size), pair(layer.stride or layer.size), padding, name=name)]
        case GlobalPool(kind="global_max_pool"):
            return [keras.layers.GlobalMaxPooling2D(name=name)]
        case GlobalPool():
            return [keras.layers.GlobalAveragePooling2D(name=name)]
        case ZeroPad():
            return [keras.layers.ZeroPadding2D(layer.rings, name=name)]
        case BatchNorm():
            return [keras.layers.BatchNormalization(momentum=layer.momentum, name=name)]
        case ActivationLayer():
            return [keras.layers.Activation(layer.activation, name=name)]
        case Dropout():
            return [keras.layers.Dropout(layer.rate, name=name)]
        case Flatten():
            return [keras.layers.Flatten(name=name)]
        case Dense():
            return [keras.layers.Dense(layer.units, layer.activation, use_bias=layer.bias, name=name)]


def _padding(name: str, padding: Padding) -> tuple[Sequence[keras.Layer], str]:
    if isinstance(padding, str):
        return [], padding
    return [keras.layers.ZeroPadding2D(padding, name=f"{name}_zeros")], "valid"


def check_against_plan(model: keras.Model, plan: Mapping[str, Any]) -> None:
    """Prove that Keras built what the plan (the content of its JSON file) says, layer by layer.

    Raises AssertionError at the first layer whose output shape or parameter count differs.
    """
    for planned in plan["layers"]:
        layer = model.get_layer(planned["name"])
        built = list(layer.output.shape[1:]), layer.count_params()
        if built != (planned["output_shape"], planned["parameters"]):
            raise AssertionError(f"layer {layer.name}: Keras built {built}, the plan says {planned}")
    totals = model.count_params(), sum(weight.numpy().size for weight in model.trainable_weights)
    if totals != (plan["parameters"], plan["trainable"]):
        raise AssertionError(f"Keras built (parameters, trainable) {totals}, the plan says {plan}")


def probabilities(outputs: np.ndarray) -> np.ndarray:
    """Return (n, classes) probabilities, whichever head gave the outputs."""
    return np.hstack([1 - outputs, outputs]) if outputs.shape[1] == 1 else outputs


class CnnLearner:
    """The CNN in training: a `Learner` of pixelproof.training.loop."""

    def __init__(self, params: Cnn, input_shape: Shape, classes: int, *, seed: int) -> None:
        _make_deterministic(seed)
        self.model = build(params, input_shape, classes)
        binary = params.head == "sigmoid"
        self.model.compile(
            keras.optimizers.Adam(params.learning_rate),
            "binary_crossentropy" if binary else "sparse_categorical_crossentropy",
            metrics=[keras.metrics.BinaryAccuracy() if binary else keras.metrics.SparseCategoricalAccuracy()],
            # On TensorFlow XLA made convolutions on CPUs about 7 times slower; JAX is nothing without it.
            jit_compile=False if keras.backend.backend() == "tensorflow" else "auto",
        )

    def train_batch(self, images: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
        loss, accuracy = self.model.train_on_batch(images, labels)
        return float(loss), float(accuracy)

    def predict(self, batches: Iterable[Any]) -> np.ndarray:
        return predict(self.model, batches)

    def weights(self) -> Sequence[np.ndarray]:
        weights: Sequence[np.ndarray] = self.model.get_weights()
        return weights

    def restore(self, weights: Sequence[np.ndarray]) -> None:
        self.model.set_weights(weights)

    @property
    def parameters(self) -> int:
        return int(self.model.count_params())

    def save(self, folder: Path) -> None:
        self.model.save(folder / "model.keras")


def predict(model: keras.Model, batches: Iterable[Any]) -> np.ndarray:
    """Return (n, classes) float32 probabilities, in the batches' order."""
    outputs = [model.predict_on_batch(images) for images, _ in batches]
    return probabilities(np.concatenate(outputs)).astype(np.float32)


def load(folder: Path) -> keras.Model:
    model: keras.Model = keras.saving.load_model(folder / "model.keras")
    return model


def _make_deterministic(seed: int) -> None:
    """Make the same seed give the same weights, to the last bit, on the same machine."""
    keras.utils.set_random_seed(seed)
    if keras.backend.backend() == "tensorflow":
        import tensorflow

        tensorflow.config.experimental.enable_op_determinism()
