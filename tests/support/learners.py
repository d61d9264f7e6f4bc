"""CNN learners to test with: what they are made of, what they learn from, and how their states compare."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

from pixelproof.network.cnn.layout.layers import Shape
from pixelproof.network.plan.plan import plan_cnn
from pixelproof.params.cnn import Cnn
from pixelproof.params.train import Train
from pixelproof.training.feed import Batch

FLATTEN = {"kind": "flatten"}


def network(head: str = "softmax", recipe: dict[str, Any] | None = None, **layers: Any) -> Cnn:
    return Cnn.model_validate({"layers": layers, "head": head, "learning_rate": 0.01, **(recipe or {})})


def plan_json(params: Cnn, shape: Shape, classes: int) -> dict[str, Any]:
    """Return the plan as it comes back from its file."""
    content: dict[str, Any] = json.loads(json.dumps(plan_cnn(params, shape, classes).as_json()))
    return content


SMALL = network(
    conv={"kind": "conv", "filters": 4, "kernel": 3, "padding": 1, "activation": "relu"},
    norm={"kind": "batch_norm"},
    pool={"kind": "max_pool", "size": 2},
    flatten=FLATTEN,
)
SHAPE = (8, 6, 3)
TRAIN = Train(epochs=10, batch_size=8)
IMAGES = np.random.default_rng(0).integers(0, 256, (20, *SHAPE), dtype=np.uint8)


def labels(classes: int) -> np.ndarray:
    return np.arange(len(IMAGES)) % classes


def batches(classes: int = 3) -> Iterator[Batch]:
    """The images in order: two batches of 8 and one of 4."""
    for start in range(0, len(IMAGES), 8):
        yield Batch(IMAGES[start : start + 8], labels(classes)[start : start + 8])


def trained(params: Cnn = SMALL, *, classes: int = 3, seed: int = 7) -> Any:
    """Return a CnnLearner after one epoch."""
    from pixelproof.network.cnn.cnn import CnnLearner

    learner = CnnLearner(params, TRAIN, SHAPE, classes, steps_per_epoch=3, seed=seed)
    for batch in batches(classes):
        learner.train_batch(batch.images, batch.labels)
    return learner


DEEP = network(  # batch norm, dropout, and all of the recipe that a step depends on
    recipe={
        "optimizer": {"kind": "adamw", "weight_decay": 0.02},
        "schedule": {"kind": "cosine", "warmup_epochs": 1},
        "label_smoothing": 0.1,
        "mixup": {"alpha": 0.4},
        "average_weights": 0.9,
        "clip_norm": 1.0,
    },
    conv={"kind": "conv", "filters": 4, "kernel": 3},
    norm={"kind": "batch_norm"},
    drop={"kind": "dropout", "rate": 0.5},
    flatten=FLATTEN,
    hidden={"kind": "dense", "units": 5, "activation": "relu"},
    drop2={"kind": "dropout", "rate": 0.2},
)


def steps(learner: Any, numbers: range) -> Any:
    """Take steps on batches that follow from their numbers, the last of them smaller."""
    for number in numbers:
        size = 3 if number % 4 == 3 else 8
        learner.train_batch(IMAGES[number : number + size], labels(3)[number : number + size])
    return learner


def same(found: Any, expected: Any) -> bool:
    """Tell whether two states are equal to the bit."""
    return {key: (value.shape, value.tobytes()) for key, value in found.items()} == {
        key: (value.shape, value.tobytes()) for key, value in expected.items()
    }


def learner_with(head: str = "softmax", classes: int = 3, counts: Any = None, **recipe: Any) -> Any:
    """Return a CnnLearner of one dense layer with that recipe."""
    from pixelproof.network.cnn.cnn import CnnLearner

    params = network(head, recipe, flatten=FLATTEN)
    return CnnLearner(params, TRAIN, SHAPE, classes, steps_per_epoch=3, label_counts=counts, seed=7)


def deep(recipe: dict[str, Any]) -> Any:
    """Return a CnnLearner of DEEP without mixup, the recipe changed."""
    from pixelproof.network.cnn.cnn import CnnLearner

    content = {**DEEP.model_dump(exclude_none=True), "mixup": None, **recipe}
    return CnnLearner(Cnn.model_validate(content), TRAIN, SHAPE, 3, steps_per_epoch=3, seed=7)
