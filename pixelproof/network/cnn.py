"""The CNN of params.yaml as a Keras model, and how it learns, predicts and is saved."""

from collections.abc import Iterable, Mapping, Sequence
from math import prod
from pathlib import Path
from typing import Any

import keras
import numpy as np

from pixelproof.network.assembly import assemble
from pixelproof.network.layers import Shape
from pixelproof.network.layout import lay_out
from pixelproof.params.network import Cnn


def build(params: Cnn, input_shape: Shape, classes: int) -> keras.Model:
    """Return the uncompiled model; its layers have the names of the plan.

    Input: pixels 0-255, (n, height, width, channels); the scaling to 0-1 is the model's first layer, or, with a
    backbone, what that was trained with. Output: (n, classes) probabilities with a softmax head; (n, 1), that of the
    second class, with sigmoid.
    """
    inputs = keras.Input(input_shape, name="input")
    outputs = assemble(lay_out(params, input_shape, classes), inputs, params)
    return keras.Model(inputs, outputs, name="cnn")


def check_against_plan(model: keras.Model, plan: Mapping[str, Any]) -> None:
    """Prove that Keras built what the plan (the content of its JSON file) says, layer by layer.

    Raises AssertionError at the first layer whose output shape, parameters or trainable parameters differ.
    """
    for planned in plan["layers"]:
        layer = model.get_layer(planned["name"])
        built = list(layer.output.shape[1:]), layer.count_params(), _trainable(layer)
        if built != (planned["output_shape"], planned["parameters"], planned["trainable"]):
            raise AssertionError(f"layer {layer.name}: Keras built {built}, the plan says {planned}")
    totals = model.count_params(), _trainable(model)
    if totals != (plan["parameters"], plan["trainable"]):
        raise AssertionError(f"Keras built (parameters, trainable) {totals}, the plan says {plan}")


def _trainable(layer: keras.Layer) -> int:
    return sum(prod(weight.shape) for weight in layer.trainable_weights)


def probabilities(outputs: np.ndarray) -> np.ndarray:
    """Return (n, classes) probabilities, whichever head gave the outputs."""
    return np.hstack([1 - outputs, outputs]) if outputs.shape[1] == 1 else outputs


class CnnLearner:
    """The CNN in training: a `Learner` of pixelproof.training.loop."""

    def __init__(self, params: Cnn, input_shape: Shape, classes: int, *, seed: int) -> None:
        _make_deterministic(seed)
        self.model = build(params, input_shape, classes)
        binary = params.head_kind == "sigmoid"
        self.model.compile(
            keras.optimizers.Adam(params.learning_rate),
            "binary_crossentropy" if binary else "sparse_categorical_crossentropy",
            metrics=[keras.metrics.BinaryAccuracy() if binary else keras.metrics.SparseCategoricalAccuracy()],
            # On TensorFlow XLA made convolutions on CPUs about 7 times slower; JAX is nothing without it.
            jit_compile=False if keras.backend.backend() == "tensorflow" else "auto",
        )
        self.model.optimizer.build(self.model.trainable_variables)  # `state` is complete before the first step too

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

    def state(self) -> dict[str, np.ndarray]:
        """Return all that the next step depends on: the model's and the optimizer's variables, in their order.

        The model's include the seed generators (of dropout), which Keras's `get_weights` leaves out. The keys are
        positions: Keras numbers the names of some variables anew for each model that a process builds.
        """
        return {key: np.array(variable) for key, variable in self._variables().items()}

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on where the learner of the same params was when it gave `state`. Raises ValueError for another's."""
        variables = self._variables()
        if {key: value.shape for key, value in state.items()} != {key: each.shape for key, each in variables.items()}:
            raise ValueError("this state was saved by a learner of other params")
        for key, variable in variables.items():
            variable.assign(state[key])

    def _variables(self) -> dict[str, keras.Variable]:
        owners = {"model": self.model, "optimizer": self.model.optimizer}
        return {f"{name}/{place}": each for name, owner in owners.items() for place, each in enumerate(owner.variables)}

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
