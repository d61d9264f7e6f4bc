"""The CNN of params.yaml as a Keras model: building, training, prediction, saving."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

import keras
import numpy as np

from pixelproof.network.cnn.assembly import assemble
from pixelproof.network.cnn.averaging import Averages
from pixelproof.network.cnn.filters import first_filters
from pixelproof.network.cnn.layout.layers import Shape
from pixelproof.network.cnn.layout.nodes import lay_out
from pixelproof.network.cnn.mixing import mix
from pixelproof.network.cnn.precision import computing_in
from pixelproof.network.cnn.recipe import as_targets, balanced_weights, makes_soft_targets
from pixelproof.network.cnn.saved.keras_setup import set_up_keras
from pixelproof.network.cnn.saved.mirroring import with_flip_averaging
from pixelproof.network.cnn.saved.saved import predict
from pixelproof.network.cnn.trainer import make_trainer, train_on_batch
from pixelproof.network.rates import rates
from pixelproof.params.cnn import Cnn
from pixelproof.params.train import Train
from pixelproof.paths import FILTERS


def build(params: Cnn, input_shape: Shape, classes: int) -> keras.Model:
    """Return the uncompiled network; its layers are named as in the plan.

    Input: pixels 0-255, (n, height, width, channels); the first layer scales them to 0-1, or as the backbone was
    trained. Output: (n, classes) probabilities with a softmax head; with sigmoid (n, 1), the probability of the second
    class. Weights and outputs are float32, whatever `precision` the layers compute in.
    """
    set_up_keras()
    with computing_in(params.precision):
        inputs = keras.Input(input_shape, name="input")
        outputs = assemble(lay_out(params, input_shape, classes), inputs, params)
    return keras.Model(inputs, outputs, name="cnn")


class CnnLearner:
    """The CNN in training: a `Learner` of pixelproof.training.loop.

    `model` is what is saved: uncompiled, so that its file holds no optimizer. `_trainer` has the same layers and the
    recipe, but never averages over mirror images. `rate` gives the learning rate of each step. `label_counts` (training
    images per class) are needed for `class_weights` only.
    """

    def __init__(
        self,
        params: Cnn,
        train: Train,
        input_shape: Shape,
        classes: int,
        *,
        steps_per_epoch: int,
        label_counts: Sequence[int] | None = None,
        seed: int,
    ) -> None:
        _make_deterministic(seed)
        network = build(params, input_shape, classes)
        self.model = with_flip_averaging(network) if params.average_mirrored else network
        self.rate = rates(params.schedule, params.learning_rate, steps_per_epoch=steps_per_epoch, epochs=train.epochs)
        self._params, self._classes, self._seed = params, classes, seed
        # An epoch of a single batch has no full batch before the last, smaller one.
        self._full_batch = (train.batch_size, *input_shape) if steps_per_epoch > 1 else None
        if params.class_weights and label_counts is None:
            raise ValueError("class_weights need label_counts")
        self._class_weights = balanced_weights(label_counts) if params.class_weights and label_counts else None
        self._steps = 0
        self._trainer = make_trainer(network, params)
        self._averages = Averages(network, self._trainer.optimizer) if params.average_weights is not None else None
        self._untrained_filters = first_filters(self.model)

    def train_batch(self, images: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
        measured = train_on_batch(
            self._trainer, *self._inputs_targets_weights(images, labels), rate=self.rate(self._steps)
        )
        self._steps += 1
        return measured

    def _inputs_targets_weights(
        self, images: np.ndarray, labels: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """Return a batch as Keras takes it; the weights, one per image, are None without `class_weights`."""
        targets = as_targets(labels, self._classes)
        if self._params.mixup or self._params.cutmix:
            mixed = mix(images, self._params, seed=self._seed, step=self._steps)
            images, targets = mixed.images, mixed.soft(targets)
        weights = None if self._class_weights is None else targets @ self._class_weights
        if self._params.head_kind == "sigmoid":
            return images, targets[:, 1:], weights
        return images, targets if makes_soft_targets(self._params) else labels, weights

    def predict(self, batches: Iterable[Any]) -> np.ndarray:
        with self._averages_in_use():
            return predict(self.model, batches)

    def weights(self) -> Sequence[np.ndarray]:
        with self._averages_in_use():
            weights: Sequence[np.ndarray] = self.model.get_weights()
            return weights

    def restore(self, weights: Sequence[np.ndarray]) -> None:
        self.model.set_weights(weights)
        self._averages = None  # these weights are evaluated from now on; the averages belong to a later step

    def recalibrate_batch_norm(self, batches: Iterable[Any]) -> None:
        if self._averages:
            self._averages.recalibrate_batch_norm(batches)

    def _averages_in_use(self) -> AbstractContextManager[None]:
        """Put the averaged weights, if there are any, into the model within the `with` block."""
        return self._averages.in_use() if self._averages else nullcontext()

    def state(self) -> dict[str, np.ndarray]:
        """Return everything that the next step depends on: the model's and the optimizer's variables, in order.

        The model's include the seed generators (of dropout), which Keras's `get_weights` leaves out; the optimizer's
        include the averaged weights and the step count, which determines learning rate and mixing. The keys are
        positions, since Keras renumbers the names of some variables for each model that a process builds.
        """
        return {key: np.array(variable) for key, variable in self._variables().items()}

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Continue from the `state` of a learner with the same params. Raises ValueError for any other state."""
        variables = self._variables()
        if {key: value.shape for key, value in state.items()} != {key: each.shape for key, each in variables.items()}:
            raise ValueError("this state belongs to a learner with other params")
        self._take_first_step()
        for key, variable in variables.items():
            variable.assign(state[key])
        self._steps = int(self._trainer.optimizer.iterations)

    def _take_first_step(self) -> None:
        """Make TensorFlow trace the step with a full batch, as an uninterrupted run does; the images do not matter.

        A step that is traced for a second batch size serves every size, and rounds differently.
        """
        if self._full_batch:
            self.train_batch(np.zeros(self._full_batch, np.uint8), np.zeros(self._full_batch[0], np.int64))

    def _variables(self) -> dict[str, keras.Variable]:
        owners = {"model": self.model, "optimizer": self._trainer.optimizer}
        return {f"{name}/{place}": each for name, owner in owners.items() for place, each in enumerate(owner.variables)}

    @property
    def parameters(self) -> int:
        return int(self.model.count_params())

    def save(self, folder: Path) -> None:
        """Write model.keras, and filters.npz: the first filters before and after the training, if there are any."""
        with self._averages_in_use():
            self.model.save(folder / "model.keras")
            before, after = self._untrained_filters, first_filters(self.model)
            if before is not None and after is not None:
                np.savez(folder / FILTERS.name, before=before, after=after)


def _make_deterministic(seed: int) -> None:
    """Make the same seed give the same weights, to the last bit, on the same machine."""
    keras.utils.set_random_seed(seed)
    if keras.backend.backend() == "tensorflow":
        import tensorflow

        tensorflow.config.experimental.enable_op_determinism()
