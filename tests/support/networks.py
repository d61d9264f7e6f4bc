"""Networks drawn at random with every kind of layer, and small CNN learners: their data, and how states compare."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
from hypothesis import strategies as st

from pixelproof.network.cnn.layout.layers import Shape
from pixelproof.network.plan.plan import plan_cnn
from pixelproof.params.cnn import Cnn
from pixelproof.params.train import Train
from pixelproof.training.feed import Batch

SHAPES = st.tuples(st.integers(1, 17), st.integers(1, 17), st.sampled_from([1, 3]))
FEW = st.integers(1, 4)
SIZES = FEW | st.lists(FEW, min_size=2, max_size=2)
PADDINGS = st.sampled_from(["valid", "same", "same", "same"]) | st.integers(0, 2)
ACTIVATIONS = st.sampled_from(["linear", "relu", "elu", "gelu", "leaky_relu", "sigmoid", "silu", "tanh"])


def layer(kind: str, **options: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries({"kind": st.just(kind), **options})


def _one_of_both(options: dict[str, Any]) -> dict[str, Any]:
    """Keep the stride or the dilation: no backend of Keras computes both."""
    return options | {"dilation": 1} if options["stride"] not in (1, [1, 1]) else options


FILTERING = {"filters": FEW, "padding": PADDINGS, "activation": ACTIVATIONS, "bias": st.booleans()}
CONV = layer("conv", kernel=SIZES, stride=SIZES, dilation=SIZES, **FILTERING).map(_one_of_both)
SEPARABLE = layer(
    "separable_conv", kernel=SIZES, stride=FEW, dilation=FEW, depth_multiplier=st.integers(1, 2), **FILTERING
).map(_one_of_both)
POOL = st.sampled_from(["max_pool", "average_pool", "l2_pool"]).flatmap(
    lambda kind: layer(kind, size=SIZES, padding=PADDINGS) | layer(kind, size=SIZES, stride=SIZES, padding=PADDINGS)
)
ANYWHERE = (
    layer("batch_norm")
    | layer("batch_norm", momentum=st.just(0.5))
    | layer("activation", activation=ACTIVATIONS)
    | layer("dropout", rate=st.sampled_from([0, 0.5]))
)
ON_IMAGES = CONV | SEPARABLE | POOL | layer("zero_pad", rings=FEW) | ANYWHERE
FLATTENING = layer("flatten") | layer("global_average_pool") | layer("global_max_pool")
DENSE = layer("dense", units=FEW, activation=ACTIVATIONS, bias=st.booleans())
REPEATS = st.none() | st.integers(1, 3)


def named(layers: st.SearchStrategy[dict[str, Any]], most: int = 3) -> st.SearchStrategy[dict[str, Any]]:
    """Return layers in a mapping, as params.yaml has them: l0, l1 and so on."""
    return st.lists(layers, min_size=1, max_size=most).map(
        lambda drawn: {f"l{number}": options for number, options in enumerate(drawn)}
    )


def blocks(inside: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return layer("block", layers=named(inside), repeat=REPEATS) | layer(
        "residual", layers=named(inside), repeat=REPEATS, activation=ACTIVATIONS
    )


def nested(plain: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
    """Return the plain layers, blocks of them, and blocks of blocks of them."""
    return plain | blocks(plain | blocks(plain))


HEADS = (
    st.sampled_from(["sigmoid", "softmax"])
    | layer("softmax", hidden=FEW)
    | layer("sigmoid", hidden=FEW, activation=ACTIVATIONS, dropout=st.just(0.5))
)


def cnn(layers: dict[str, Any], head: Any) -> Cnn:
    return Cnn.model_validate({"layers": layers, "head": head, "learning_rate": 0.01})


@st.composite
def networks(draw: st.DrawFn) -> tuple[Cnn, Shape, int]:
    """Return a network that has the right layers in the right places (its windows may not fit), shape and classes."""
    parts = {
        "images": draw(st.lists(nested(ON_IMAGES), max_size=4)),
        "flat": [draw(FLATTENING)],
        "features": draw(st.lists(nested(DENSE | ANYWHERE), max_size=2)),
    }
    layers = {f"{part}{number}": drawn for part, each in parts.items() for number, drawn in enumerate(each)}
    head = draw(HEADS)
    kind = head if isinstance(head, str) else head["kind"]
    return cnn(layers, head), draw(SHAPES), 2 if kind == "sigmoid" else draw(st.integers(2, 4))


@st.composite
def muddles(draw: st.DrawFn) -> tuple[Cnn, Shape, int]:
    """Return any layers in any order, which mostly make no network, with a shape and a number of classes."""
    layers = draw(named(nested(ON_IMAGES | FLATTENING | DENSE), most=5))
    return cnn(layers, draw(HEADS)), draw(SHAPES), draw(st.integers(2, 4))


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
