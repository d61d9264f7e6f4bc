"""The MLP of params.yaml: scikit-learn's MLPClassifier, fed batch by batch like the CNN."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from copy import copy
from math import nan
from pathlib import Path
from typing import Any

import numpy as np
import skops.io
from sklearn.metrics import log_loss
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import MaxAbsScaler

from pixelproof.network.mlp.saved import flatten, predict
from pixelproof.network.rates import rates
from pixelproof.params.mlp import Mlp
from pixelproof.params.train import Train

# The attributes that a step changes in scikit-learn 1.9; a test looks for others.
SCALARS = {
    "classifier": ("t_", "n_iter_", "loss_", "best_loss_", "_no_improvement_count", "batch_size", "learning_rate_init"),
    "optimizer": ("t", "learning_rate", "learning_rate_init"),
}
LISTS = {"classifier": ("coefs_", "intercepts_"), "optimizer": ("ms", "vs")}
CURVE = "classifier/loss_curve_"
ONLY_FOR_TRAINING = ("_optimizer", "_best_coefs", "_best_intercepts", "loss_curve_")  # the last has a row per step


class MlpLearner:
    """The MLP in training: a `Learner` of pixelproof.training.loop.

    `model` is a pipeline that scales pixels 0-255 to 0-1 and classifies, so that it can be used on its own.
    `rate` gives the learning rate of each step.
    """

    def __init__(
        self, params: Mlp, train: Train, features: int, classes: int, *, steps_per_epoch: int, seed: int
    ) -> None:
        scale = MaxAbsScaler().fit(np.full((1, features), 255, np.float32))
        classifier = MLPClassifier(
            hidden_layer_sizes=tuple(params.hidden),
            activation=params.activation,
            alpha=params.l2,
            learning_rate_init=params.learning_rate,
            batch_size=train.batch_size,
            shuffle=False,  # the feed shuffles
            random_state=seed,
        )
        self.model = Pipeline([("scale", scale), ("mlp", classifier)])
        self.rate = rates(params.schedule, params.learning_rate, steps_per_epoch=steps_per_epoch, epochs=train.epochs)
        self._features, self._classes = features, np.arange(classes)
        self._share = params.average_weights  # that a step keeps of the averages
        self._averages: list[np.ndarray] = []  # of `_raw_weights`, from the first step on

    def train_batch(self, images: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
        pixels = self.model["scale"].transform(flatten(images))
        with np.errstate(over="ignore", invalid="ignore"):  # shows as a non-finite loss, not as a warning
            # The first step creates the weights, so the first batch can only be measured after it.
            before = self._measure(pixels, labels) if hasattr(self.model["mlp"], "coefs_") else None
            finite = self._take_step(pixels, labels)
            return (before or self._measure(pixels, labels)) if finite else (nan, nan)

    def _measure(self, pixels: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
        probabilities = self.model["mlp"].predict_proba(pixels)
        accuracy = float((probabilities.argmax(axis=1) == labels).mean())
        if not np.isfinite(probabilities).all():  # scikit-learn's log_loss refuses them
            return nan, accuracy
        return float(log_loss(labels, probabilities, labels=self._classes)), accuracy

    def _take_step(self, pixels: np.ndarray, labels: np.ndarray) -> bool:
        """Take one step at the scheduled learning rate; return whether the weights are still finite."""
        classifier = self.model["mlp"]
        optimizer = getattr(classifier, "_optimizer", None)  # scikit-learn creates it in the first step
        rate = self.rate(optimizer.t if optimizer else 0)
        # One step per batch, including the last, smaller one.
        classifier.set_params(batch_size=len(labels), learning_rate_init=rate)
        if optimizer:
            optimizer.learning_rate_init = rate
        try:
            classifier.partial_fit(pixels, labels, classes=self._classes)
        except ValueError as error:
            if "non-finite" not in str(error):
                raise
            return False
        self._average()
        return True

    def _average(self) -> None:
        """Let the averages follow the weights: those of the first step, then `share` of them and the rest new."""
        if self._share is None:
            return
        if not self._averages:
            self._averages = [weight.copy() for weight in self._raw_weights()]
        for average, weight in zip(self._averages, self._raw_weights(), strict=True):
            average += (1 - self._share) * (weight - average)

    def recalibrate_batch_norm(self, batches: Iterable[Any]) -> None:
        """Do nothing: the MLP has no batch norm."""

    def predict(self, batches: Iterable[Any]) -> np.ndarray:
        with self._averages_in_use():
            return predict(self.model, batches)

    def weights(self) -> Sequence[np.ndarray]:
        """Return the weights that are evaluated; none before the first step, which draws them."""
        return self._averages or self._raw_weights()

    def _raw_weights(self) -> list[np.ndarray]:
        classifier = self.model["mlp"]
        return [*getattr(classifier, "coefs_", ()), *getattr(classifier, "intercepts_", ())]

    def restore(self, weights: Sequence[np.ndarray]) -> None:
        self._put(weights)
        self._averages = []  # these weights are used from now on; the averages belong to a later step

    def _put(self, weights: Sequence[np.ndarray]) -> None:
        classifier = self.model["mlp"]
        layers = len(classifier.coefs_)
        classifier.coefs_, classifier.intercepts_ = list(weights[:layers]), list(weights[layers:])

    @contextmanager
    def _averages_in_use(self) -> Iterator[None]:
        """Put the averaged weights, if there are any, into the model within the `with` block."""
        raw = self._raw_weights()
        if self._averages:
            self._put(self._averages)
        try:
            yield
        finally:
            self._put(raw)

    def state(self) -> dict[str, np.ndarray]:
        """Return everything that the next step depends on; empty before the first one, which draws the weights.

        It needs no random generator: with `shuffle=False` scikit-learn draws nothing but those weights.
        """
        if not hasattr(self.model["mlp"], "coefs_"):
            return {}
        state = {key: array.copy() for key, array in self._arrays().items()}
        state |= {f"{name}/{key}": np.array(getattr(owner, key)) for name, owner, key in self._owned(SCALARS)}
        return state | {CURVE: np.array(self.model["mlp"].loss_curve_)}

    def load_state(self, state: Mapping[str, np.ndarray]) -> None:
        """Continue from the `state` of a learner with the same params. Raises ValueError for any other state."""
        if not state:
            return
        classifier = self.model["mlp"]
        self._take_first_step()
        arrays = self._arrays()
        if {key: state[key].shape for key in state if key in arrays} != {key: arrays[key].shape for key in arrays}:
            raise ValueError("this state belongs to a learner with other params")
        for key, array in arrays.items():
            array[:] = state[key]
        for name, owner, key in self._owned(SCALARS):
            kind = type(getattr(owner, key))  # a float32 instead of a float would round the next step differently
            setattr(owner, key, kind(state[f"{name}/{key}"].item()))
        kind = type(classifier.loss_)
        classifier.loss_curve_ = [kind(loss) for loss in state[CURVE].tolist()]

    def _take_first_step(self) -> None:
        """Make scikit-learn create its arrays and its optimizer, which only a step does; the image does not matter."""
        classifier = self.model["mlp"]
        classifier.set_params(batch_size=1)
        classifier.partial_fit(np.zeros((1, self._features), np.float32), self._classes[:1], classes=self._classes)
        self._average()

    def _owned(self, keys: Mapping[str, Sequence[str]]) -> list[tuple[str, Any, str]]:
        owners = {"classifier": self.model["mlp"], "optimizer": self.model["mlp"]._optimizer}
        return [(name, owners[name], key) for name in keys for key in keys[name]]

    def _arrays(self) -> dict[str, np.ndarray]:
        stepped = {
            f"{name}/{key}/{place}": array
            for name, owner, key in self._owned(LISTS)
            for place, array in enumerate(getattr(owner, key))
        }
        return stepped | {f"averages/{place}": array for place, array in enumerate(self._averages)}

    @property
    def parameters(self) -> int:
        return sum(weight.size for weight in self.weights())

    def save(self, folder: Path) -> None:
        skops.io.dump(self.trained(), folder / "model.skops")

    def trained(self) -> Pipeline:
        """Return the model as it is used: without what only a next step needs, three times the size of the weights."""
        with self._averages_in_use():
            classifier = copy(self.model["mlp"])
        for name in ONLY_FOR_TRAINING:
            delattr(classifier, name)
        return Pipeline([("scale", self.model["scale"]), ("mlp", classifier)])
