"""The Keras model that learns: the network's layers with the recipe, one call for a batch."""

from typing import Any

import keras

from pixelproof.network.recipe import make_accuracy, make_loss, make_optimizer
from pixelproof.params.network import Cnn


class BatchMetrics(keras.Model):  # type: ignore[misc]  # Keras ships no types
    """A model on TensorFlow whose metrics are those of the batch that it has just learned from.

    They are set back at the end of the step. `train_on_batch` does so before it, variable by variable, which takes
    0.3 ms; a whole batch of the digits takes 13.
    """

    def train_step(self, data: Any) -> Any:
        metrics = super().train_step(data)
        super().reset_metrics()  # at the end: Keras makes some of them in the first step
        return metrics

    def reset_metrics(self) -> None:
        """Leave that to the step."""


def make_trainer(network: keras.Model, params: Cnn) -> keras.Model:
    """Return a compiled model of the network's own layers; `train_on_batch` gives the batch's loss and accuracy."""
    on_tensorflow = keras.backend.backend() == "tensorflow"
    trainer = (BatchMetrics if on_tensorflow else keras.Model)(network.inputs, network.outputs)
    trainer.compile(
        make_optimizer(params),
        make_loss(params),
        metrics=[make_accuracy(params)],
        # On TensorFlow XLA made convolutions on CPUs about 7 times slower; JAX is nothing without it.
        jit_compile=False if on_tensorflow else "auto",
    )
    trainer.optimizer.build(network.trainable_variables)  # so that the state is complete before the first step
    return trainer
