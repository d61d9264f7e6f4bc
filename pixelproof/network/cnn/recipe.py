"""The training recipe of params.yaml in Keras: optimizer, loss, accuracy, and the targets of a batch.

It belongs to the networks, below `training`, since the CNN's learner is built with it.
"""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from pixelproof.params.cnn import Cnn

OPTIMIZERS = {
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "lion": keras.optimizers.Lion,
    "rmsprop": keras.optimizers.RMSprop,
    "sgd": keras.optimizers.SGD,
}
UNDECAYED = ["bias", "gamma", "beta"]  # Keras's names for biases and for batch norm's scales and shifts


def make_optimizer(params: Cnn) -> keras.optimizers.Optimizer:
    """Return the optimizer, with its learning rate as a variable, and decoupled weight decay of the kernels only.

    Only kernels decay: He et al. 2018, arXiv:1812.01187. Gradients are clipped by the norm of all of them together.
    """
    chosen = params.optimizer
    options: dict[str, Any] = chosen.model_dump(exclude={"kind"}, exclude_none=True) if chosen else {}
    if params.average_weights is not None:
        options |= {"use_ema": True, "ema_momentum": params.average_weights}
    kind = OPTIMIZERS[chosen.kind if chosen else "adam"]
    optimizer = kind(params.learning_rate, global_clipnorm=params.clip_norm, **options)
    optimizer.exclude_from_weight_decay(var_names=UNDECAYED)
    return optimizer


def makes_soft_targets(params: Cnn) -> bool:
    """Return whether a batch's targets are probabilities instead of class numbers."""
    return bool(params.label_smoothing or params.mixup or params.cutmix)


def make_loss(params: Cnn) -> keras.losses.Loss:
    smoothing = params.label_smoothing or 0.0
    if params.head_kind == "sigmoid":
        return keras.losses.BinaryCrossentropy(label_smoothing=smoothing)
    if makes_soft_targets(params):
        return keras.losses.CategoricalCrossentropy(label_smoothing=smoothing)
    return keras.losses.SparseCategoricalCrossentropy()


def make_accuracy(params: Cnn) -> keras.metrics.Metric:
    """Return the accuracy metric; for a mixed image the class with the larger share counts."""
    if params.head_kind == "sigmoid":
        return keras.metrics.MeanMetricWrapper(_same_class, name="accuracy")
    if makes_soft_targets(params):
        return keras.metrics.CategoricalAccuracy()
    return keras.metrics.SparseCategoricalAccuracy()


def _same_class(targets: Any, outputs: Any) -> Any:
    """Return (n, 1) bool: whether target and output, both (n, 1) probabilities of the second class, agree."""
    return keras.ops.equal(targets > 0.5, outputs > 0.5)


def as_targets(labels: np.ndarray, classes: int) -> np.ndarray:
    """Return class numbers (n,) as probabilities (n, classes), float32."""
    targets: np.ndarray = np.eye(classes, dtype=np.float32)[labels]
    return targets


def balanced_weights(counts: Sequence[int]) -> np.ndarray:
    """Return a weight for each class, float32: all classes have the same total weight, and the mean image weighs 1.

    The formula of scikit-learn's `class_weight="balanced"`. A class without images gets 0.
    """
    images = np.array(counts)
    weights: np.ndarray = np.where(images > 0, images.sum() / (len(images) * np.maximum(images, 1)), 0)
    return weights.astype(np.float32)
