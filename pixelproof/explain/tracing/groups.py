"""Layers that a reader takes for one thing: a convolution with its norm and activation, a residual block."""

from collections.abc import Sequence
from dataclasses import dataclass
from os.path import commonprefix
from typing import Any

from pixelproof.explain.tracing.traced import TracedLayer

WEIGHING = {"conv", "depthwise_conv", "separable_conv", "dense"}
FOLLOWING = {"batch_norm", "activation"}
RESIDUAL = "residual block"


@dataclass(frozen=True)
class Group:
    name: str
    says: str  # what it is, in words
    members: "Sequence[int | Group]"  # numbers of layers in the network's order, or groups

    @property
    def numbers(self) -> list[int]:
        """The layers in it, the last of which puts out what the group does."""
        return [number for each in self.members for number in ([each] if isinstance(each, int) else each.numbers)]

    def as_json(self) -> dict[str, Any]:
        members = [each if isinstance(each, int) else each.as_json() for each in self.members]
        return {"name": self.name, "says": self.says, "members": members}


@dataclass(frozen=True)
class Row:
    """A layer or group as one thing: `layer` is the one that puts out what it does, `inputs` are rows before it."""

    name: str
    layer: TracedLayer
    parameters: int
    inputs: Sequence[int]
    is_residual: bool = False


def rows(layers: Sequence[TracedLayer]) -> list[Row]:
    """Return the network's layers and outermost groups in order."""
    members = grouped(layers)
    numbers = [[each] if isinstance(each, int) else each.numbers for each in members]
    row_of = {number: row for row, own in enumerate(numbers) for number in own}
    return [
        Row(
            name=layers[each].name if isinstance(each, int) else each.name,
            layer=layers[own[-1]],
            parameters=sum(layers[number].parameters for number in own),
            inputs=sorted({row_of[source] for number in own for source in layers[number].inputs} - {row}),
            is_residual=isinstance(each, Group) and each.says == RESIDUAL,
        )
        for row, (each, own) in enumerate(zip(members, numbers, strict=True))
    ]


def grouped(layers: Sequence[TracedLayer]) -> list["int | Group"]:
    """Return the network's layers in order, those that belong together as one group; groups may hold groups."""
    graph = _Graph(layers)
    return graph.members(0, len(layers), graph.blocks())


class _Graph:
    def __init__(self, layers: Sequence[TracedLayer]) -> None:
        self.layers = layers
        self.consumers: list[list[int]] = [[] for _ in layers]
        for number, layer in enumerate(layers):
            for source in layer.inputs:
                self.consumers[source].append(number)

    def kind(self, number: int) -> str:
        kind = self.layers[number].kind
        return kind.name if kind else ""

    def blocks(self) -> list[tuple[int, int]]:
        """Return the first and last layer of every residual block, in order; a block comes before those within it.

        It lies between an addition and where the added branches part.
        """
        found = (self._block(number) for number in range(len(self.layers)) if self.kind(number) == "add")
        return sorted((block for block in found if block), key=lambda block: (block[0], -block[1]))

    def _block(self, addition: int) -> tuple[int, int] | None:
        inside, front = {addition}, set(self.layers[addition].inputs)
        while len(front) > 1:
            last = max(front)
            if not self.layers[last].inputs:
                return None
            inside.add(last)
            front = front - {last} | set(self.layers[last].inputs)
        leaks = any(set(self.consumers[number]) - inside for number in inside - {addition})
        first = min(inside)
        if leaks or len(inside) < 2 or inside != set(range(first, addition + 1)):
            return None
        return first, self._with_activation(addition)

    def _with_activation(self, number: int) -> int:
        is_next = self.consumers[number] == [number + 1] and self.kind(number + 1) == "activation"
        return number + 1 if is_next else number

    def members(self, first: int, end: int, blocks: list[tuple[int, int]]) -> list["int | Group"]:
        """Group the layers from `first` to before `end`; `blocks` are those within."""
        members: list[int | Group] = []
        number = first
        while number < end:
            block = next((each for each in blocks if each[0] == number), None)
            if block is None:
                members.append(number)
                number += 1
                continue
            inner = [each for each in blocks if each != block and block[0] <= each[0] and each[1] <= block[1]]
            members.append(self._block_group(*block, inner))
            number = block[1] + 1
        return self._chained(members)

    def _block_group(self, first: int, last: int, inner: list[tuple[int, int]]) -> Group:
        names = [layer.name for layer in self.layers[first : last + 1]]
        name = commonprefix(names).rstrip("_") or names[-1]  # noqa: RUF071 - these are names, not paths
        return Group(name, RESIDUAL, self.members(first, last + 1, inner))

    def _chained(self, members: list["int | Group"]) -> list["int | Group"]:
        """Join each layer that weighs to the norm and the activation that only it feeds."""
        single = {each for each in members if isinstance(each, int)}
        own = [self._chain(number, single) for number in single if self.kind(number) in WEIGHING]
        chains = {chain[0]: chain for chain in own}
        taken = {number for chain in chains.values() for number in chain[1:]}
        rest = (each for each in members if isinstance(each, Group) or each not in taken)
        return [each if isinstance(each, Group) else self._joined(chains.get(each, [each])) for each in rest]

    def _chain(self, number: int, allowed: set[int]) -> list[int]:
        """Return a layer that weighs, the zeros around its input where there are any, and what only it feeds."""
        chain = [number]
        while len(after := self.consumers[chain[-1]]) == 1:
            if after[0] not in allowed or self.kind(after[0]) not in FOLLOWING:
                break
            chain.append(after[0])
        zeros = [each for each in self.layers[number].inputs if self.kind(each) == "zero_pad" and each in allowed]
        return [*(each for each in zeros if self.consumers[each] == [number]), *chain]

    def _joined(self, chain: list[int]) -> "int | Group":
        if len(chain) == 1:
            return chain[0]
        weighing = next(number for number in chain if self.kind(number) in WEIGHING)
        return Group(self.layers[weighing].name, " + ".join(self._words(number) for number in chain), chain)

    def _words(self, number: int) -> str:
        kind = self.layers[number].kind
        assert kind is not None
        if kind.name == "activation":
            return str(kind.options["activation"])
        return "zeros" if kind.name == "zero_pad" else kind.name.replace("_", " ")
