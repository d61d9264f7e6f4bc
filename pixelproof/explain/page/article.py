"""The article's networks, planned by the project's own arithmetic: how many parameters each design needs."""

from dataclasses import dataclass
from typing import Any

from pixelproof.explain.page.padding import print_formula
from pixelproof.network.cnn.layout.layers import Shape, compute_layer
from pixelproof.network.plan.plan import Plan, plan_cnn, plan_mlp
from pixelproof.params.cnn import Cnn, Conv
from pixelproof.params.mlp import Mlp

SHAPE = (300, 300, 3)
CLASSES = 2  # cats and dogs
DEEPEST = 5  # blocks of convolution and pooling that 300 pixels leave room for


@dataclass(frozen=True)
class Design:
    name: str
    says: str
    parameters: int
    formula: str


def article_cnn(blocks: int, head: str, learning_rate: float = 0.001) -> Cnn:
    """Return `blocks` times ten 5 x 5 filters and 2 x 2 pooling, flattened; one block is the article's network."""
    layers: dict[str, Any] = {}
    for number in range(1, blocks + 1):
        layers[f"conv{number}"] = {"kind": "conv", "filters": 10, "kernel": 5, "activation": "relu"}
        layers[f"pool{number}"] = {"kind": "max_pool", "size": 2}
    layers["flatten"] = {"kind": "flatten"}
    return Cnn.model_validate({"layers": layers, "head": head, "learning_rate": learning_rate})


def _planned(blocks: int, head: str) -> Plan:
    return plan_cnn(article_cnn(blocks, head), SHAPE, CLASSES)


def mlp(hidden: list[int], shape: Shape, classes: int) -> Plan:
    params = Mlp.model_validate({"hidden": hidden, "activation": "relu", "l2": 0.0, "learning_rate": 0.001})
    return plan_mlp(params, shape, classes)


def formula(plan: Plan) -> str:
    """Return the layers' parameter formulas, without those that have none."""
    return " + ".join(layer.parameters_formula.split(" = ")[0] for layer in plan.layers if layer.parameters)


def article_designs() -> list[Design]:
    """Return the article's own network, the one that its listing builds, and MLPs for the same photos."""
    plans = [
        ("CNN with one sigmoid output", "the number that the article reports", _planned(1, "sigmoid")),
        ("CNN with two softmax outputs", "what the article's listing builds", _planned(1, "softmax")),
        ("MLP without hidden layer", "every pixel straight to the output", mlp([], SHAPE, CLASSES)),
        ("MLP with 50 hidden units", "the question that the article leaves open", mlp([50], SHAPE, CLASSES)),
        ("MLP with 100 hidden units", "twice as wide", mlp([100], SHAPE, CLASSES)),
    ]
    return [Design(name, says, plan.parameters, formula(plan)) for name, says, plan in plans]


def deeper_designs() -> list[Design]:
    """Return the article's network with one to DEEPEST blocks of convolution and pooling."""
    plans = [_planned(blocks, "sigmoid") for blocks in range(1, DEEPEST + 1)]
    return [
        Design(f"{blocks} × (conv + pool)", _sides(plan), plan.parameters, formula(plan))
        for blocks, plan in enumerate(plans, 1)
    ]


def _sides(plan: Plan) -> str:
    sides = [plan.input_shape[0], *(layer.output_shape[0] for layer in plan.layers if len(layer.output_shape) == 3)]
    return " → ".join(map(str, sides))


def convolved(shape: Shape, **options: Any) -> tuple[Shape, str]:
    """Return the output shape of one convolution and the formula behind it, as `plan` computes them."""
    computed = compute_layer(Conv.model_validate({"kind": "conv", **options}), shape)
    return computed.output_shape, print_formula(computed.shape_formula)
