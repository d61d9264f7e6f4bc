"""Networks drawn at random: every kind of layer, with any options, in any order, nested."""

from typing import Any

from hypothesis import strategies as st

from pixelproof.network.cnn.layout.layers import Shape
from pixelproof.params.cnn import Cnn

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
