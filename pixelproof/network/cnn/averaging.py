"""Averaged weights: swapped into the network for evaluation and saving."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import keras
import numpy as np


class Averages:
    """Keras's moving average of a network's weights (the optimizer's `use_ema`), with batch norm's statistics."""

    def __init__(self, network: keras.Model, optimizer: keras.optimizers.Optimizer) -> None:
        self._network, self._optimizer = network, optimizer
        self._norms = [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
        self._statistics: list[np.ndarray] | None = None  # of `_norms`, set by `recalibrate_batch_norm`

    @contextmanager
    def in_use(self) -> Iterator[None]:
        """Put the averages into the network within the `with` block; before the first step there are none."""
        if not int(self._optimizer.iterations):
            yield
            return
        with _restoring(self._network.variables):
            self._optimizer.finalize_variable_values(self._network.trainable_variables)
            if self._statistics is not None:
                _assign(self._moving(), self._statistics)
            yield

    def recalibrate_batch_norm(self, batches: Iterable[Any]) -> None:
        """Measure batch norm's means and variances over these batches, with the current averages.

        Those of the training steps belong to the raw weights and are useless with averaged ones while the learning
        rate is high. Izmailov et al. 2018, arXiv:1803.05407, section 3.2.
        """
        with self.in_use(), _restoring_momentum(self._norms):
            for number, batch in enumerate(batches):
                for norm in self._norms:
                    norm.momentum = number / (number + 1)  # the mean over all batches, equally weighted
                self._network(batch.images, training=True)
            measured = [np.array(variable) for variable in self._moving()]
        self._statistics = measured

    def _moving(self) -> list[keras.Variable]:
        return [variable for norm in self._norms for variable in (norm.moving_mean, norm.moving_variance)]


@contextmanager
def _restoring(variables: list[keras.Variable]) -> Iterator[None]:
    """Restore the variables afterwards: weights, batch norm's statistics, and the seeds of dropout."""
    before = [np.array(variable) for variable in variables]
    try:
        yield
    finally:
        _assign(variables, before)


def _assign(variables: list[keras.Variable], values: list[np.ndarray]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


@contextmanager
def _restoring_momentum(norms: list[keras.layers.BatchNormalization]) -> Iterator[None]:
    before = [norm.momentum for norm in norms]
    try:
        yield
    finally:
        for norm, momentum in zip(norms, before, strict=True):
            norm.momentum = momentum
