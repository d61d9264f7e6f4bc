"""The stages of a network within the network, as a backbone has them: its maps get smaller from one to the next."""

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

from pixelproof.explain.tracing.traced import Inside

if TYPE_CHECKING:
    import keras

UNCUT = {"InputLayer", "ZeroPadding2D"}  # what they put out belongs to what comes next


class Stage(NamedTuple):
    output: Any  # its last layer's tensor, within the model
    inside: Inside
    parameters: int


def calls(model: "keras.Model") -> list[Any]:
    """Return the calls of layers that the model is made of, in order.

    Keras keeps them by their distance from the output, and has no public way to ask for them. A layer's own
    `output` will not do: that of a model within the model belongs to the inner graph.
    """
    by_depth = model._nodes_by_depth
    return [node for depth in sorted(by_depth, reverse=True) for node in by_depth[depth]]


def stages(model: "keras.Model") -> list[Stage]:
    """Cut a model where all that it knows of a photo passes through one layer, and the next such layer is smaller."""
    nodes = calls(model)
    ends = [number for number in _narrows(nodes) if type(nodes[number].operation).__name__ not in UNCUT]
    shrinks = [now for now, after in pairwise(ends) if _size(nodes[now]) != _size(nodes[after])]
    cuts = [cut for cut in shrinks if any(map(_convolves, nodes[: cut + 1]))]
    starts = [0, *(cut + 1 for cut in cuts)]
    return [_stage(nodes[start : cut + 1]) for start, cut in zip(starts, [*cuts, len(nodes) - 1], strict=True)]


def _narrows(nodes: Sequence[Any]) -> Iterator[int]:
    """Yield the numbers of the calls that no other call's output bypasses."""
    number_of = {id(tensor): number for number, call in enumerate(nodes) for tensor in call.output_tensors}
    last_use = list(range(len(nodes)))
    for number, call in enumerate(nodes):
        for tensor in call.input_tensors:
            last_use[number_of[id(tensor)]] = number
    furthest = 0
    for number, last in enumerate(last_use):
        if furthest <= number:
            yield number
        furthest = max(furthest, last)


def _size(call: Any) -> tuple[int, ...]:
    return tuple(call.output_tensors[0].shape[1:-1])


def _convolves(call: Any) -> bool:
    return "Conv" in type(call.operation).__name__


def _stage(nodes: Sequence[Any]) -> Stage:
    layers = [call for call in nodes if type(call.operation).__name__ != "InputLayer"]
    counts = (call.operation.count_params() for call in layers if hasattr(call.operation, "count_params"))
    return Stage(nodes[-1].output_tensors[0], Inside(len(layers), sum(map(_convolves, layers))), sum(counts))
