"""The Keras model that is trained: the network's layers with the recipe, and one training step."""

from typing import Any

import keras
import numpy as np

from pixelproof.network.cnn.recipe import make_accuracy, make_loss, make_optimizer
from pixelproof.params.cnn import Cnn


class FusedStepModel(keras.Model):  # type: ignore[misc]  # Keras ships no types
    """A TensorFlow model that takes (targets, learning rate) as targets and does a whole step in one call.

    Set from outside, the learning rate and each metric variable cost an operation each: together 0.7 ms of the 12
    that a batch of the digits takes.
    """

    def train_step(self, data: Any) -> Any:
        images, (targets, rate), weights = data
        self.optimizer.learning_rate.assign(rate)
        metrics = super().train_step((images, targets, weights))
        super().reset_metrics()  # at the end: Keras creates some of them in the first step
        return metrics

    def reset_metrics(self) -> None:
        """Do nothing: `train_step` resets them."""


def train_on_batch(
    trainer: keras.Model, images: np.ndarray, targets: np.ndarray, weights: np.ndarray | None, *, rate: float
) -> tuple[float, float]:
    """Take one step at that learning rate; return the batch's mean loss and accuracy before it."""
    if isinstance(trainer, FusedStepModel):
        loss, accuracy = trainer.train_on_batch(images, (targets, np.float32(rate)), weights)
    else:
        trainer.optimizer.learning_rate = rate
        loss, accuracy = trainer.train_on_batch(images, targets, weights)
    return float(loss), float(accuracy)


def make_trainer(network: keras.Model, params: Cnn) -> keras.Model:
    """Return a compiled model of the network's own layers, for `train_on_batch`."""
    on_tensorflow = keras.backend.backend() == "tensorflow"
    trainer = (FusedStepModel if on_tensorflow else keras.Model)(network.inputs, network.outputs)
    trainer.compile(
        make_optimizer(params),
        make_loss(params),
        metrics=[make_accuracy(params)],
        # On TensorFlow XLA made convolutions on CPUs about 7 times slower; JAX needs it.
        jit_compile=False if on_tensorflow else "auto",
    )
    trainer.optimizer.build(network.trainable_variables)  # so that the state is complete before the first step
    return trainer
