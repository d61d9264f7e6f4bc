"""Networks to compare by what they cost: the CNN, MLPs of several widths, and one as large as the CNN."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import prod

from pixelproof.errors import UserError
from pixelproof.network.cnn.layout.layers import Shape
from pixelproof.network.plan.advice import widest_hidden
from pixelproof.network.plan.plan import Plan, plan_cnn, plan_mlp
from pixelproof.params.mlp import Mlp
from pixelproof.params.whole import Params

NEAR = 0.01  # of the parameters that an MLP is to match


@dataclass(frozen=True)
class Candidate:
    """A network to train: the CNN of params.yaml where `mlp` is None."""

    name: str
    mlp: Mlp | None
    plan: Plan


def candidates(params: Params, widths: Sequence[int], shape: Shape, classes: int) -> list[Candidate]:
    """Return the CNN, the MLP of params.yaml, one per width, and one that matches the CNN's parameters."""
    cnn = plan_cnn(params.cnn, shape, classes)

    def mlp(name: str, hidden: Sequence[int]) -> Candidate:
        section = params.mlp.model_copy(update={"hidden": list(hidden)})
        return Candidate(name, section, plan_mlp(section, shape, classes))

    matched = matched_hidden(cnn.parameters, shape, classes)
    return [
        Candidate("CNN", None, cnn),
        mlp("MLP of params.yaml", params.mlp.hidden),
        *(mlp(f"MLP of {width}", [width]) for width in widths),
        mlp("MLP as large as the CNN", matched),
    ]


def matched_hidden(parameters: int, shape: Shape, classes: int) -> list[int]:
    """Return hidden layers, one if that is enough, else two, of an MLP with so many parameters within 1 %.

    Raises UserError where even one unit has more.
    """
    outputs, features = (1 if classes == 2 else classes), prod(shape)

    def error(hidden: Sequence[int]) -> float:
        sides = [features, *hidden, outputs]
        count = sum((fan_in + 1) * fan_out for fan_in, fan_out in pairwise(sides))
        return abs(count - parameters) / parameters

    widest = widest_hidden(parameters, features, classes)
    single = min(([width] for width in (widest, widest + 1) if width), key=error)
    found = (
        single
        if error(single) <= NEAR
        else min([single, *_two_layers(parameters, features, outputs, widest)], key=error)
    )
    if error(found) > NEAR:
        raise UserError(
            f"no MLP on images of {' x '.join(map(str, shape))} has {parameters:,} parameters, as the CNN has: "
            f"one with a single hidden unit has {features + 1 + 2 * outputs:,}. "
            "Compare a larger CNN, or smaller images."
        )
    return found


def _two_layers(parameters: int, features: int, outputs: int, widest: int) -> Iterator[list[int]]:
    """Yield, for each possible first layer, the second one that fills up the rest best."""
    for first in range(max(1, widest - 64), widest + 1):
        left = parameters - (features + 1) * first - outputs
        second = round(left / (first + 1 + outputs))
        if second > 0:
            yield [first, second]
