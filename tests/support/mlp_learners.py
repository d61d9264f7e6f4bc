"""Small MLPs in training: their data, and steps that follow from numbers."""

from collections.abc import Iterator

import numpy as np

from pixelproof.network.mlp.mlp import MlpLearner
from pixelproof.params.mlp import Mlp
from pixelproof.params.recipe import Cosine
from pixelproof.params.train import Train
from pixelproof.training.feed import Batch

SHAPE = (4, 5, 3)
FEATURES = 60
IMAGES = np.random.default_rng(0).integers(0, 256, (20, *SHAPE), dtype=np.uint8)


def labels(classes: int) -> np.ndarray:
    return np.arange(len(IMAGES)) % classes


def batches(classes: int, size: int = 8) -> Iterator[Batch]:
    """The images in order: two batches of 8 and one of 4."""
    for start in range(0, len(IMAGES), size):
        yield Batch(IMAGES[start : start + size], labels(classes)[start : start + size])


def params(*hidden: int) -> Mlp:
    return Mlp(hidden=list(hidden), activation="relu", l2=0.0001, learning_rate=0.01)


def train(epochs: int = 10) -> Train:
    return Train(epochs=epochs, batch_size=8)


SCHEDULED = Mlp(
    hidden=[7, 5],
    activation="relu",
    l2=0.0001,
    learning_rate=0.01,
    schedule=Cosine(kind="cosine", warmup_epochs=1),
    average_weights=0.8,
)


def learner_of(classes: int) -> MlpLearner:
    return MlpLearner(SCHEDULED, train(), FEATURES, classes, steps_per_epoch=3, seed=7)


def steps(learner: MlpLearner, classes: int, numbers: range) -> MlpLearner:
    """Take steps on batches that follow from their numbers, the last of them smaller."""
    for number in numbers:
        size = 3 if number % 4 == 3 else 8
        learner.train_batch(IMAGES[number : number + size], labels(classes)[number : number + size])
    return learner
