"""The CNN of params.yaml as a list of nodes: blocks expanded, shortcuts added, every shape computed. No Keras.

The plan and the Keras model are both built from this list, so that their layers and names cannot differ.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pixelproof.errors import UserError
from pixelproof.network.cnn.layout.backbones import backbone_receptive_field, compute_backbone
from pixelproof.network.cnn.layout.geometry import ReceptiveField, widest
from pixelproof.network.cnn.layout.layers import Add, ComputedLayer, Output, Shape, Windowed, compute_layer, window
from pixelproof.params.cnn import (
    ActivationLayer,
    Backbone,
    Block,
    Cnn,
    Conv,
    Dense,
    Dropout,
    Flatten,
    GlobalPool,
    Head,
    Layer,
    Residual,
    ZeroPad,
)

INPUT = "input"
RESERVED_NAMES = (INPUT, "scale", "grey_to_rgb")  # of the layers that the Keras model has besides the nodes


@dataclass(frozen=True)
class Node:
    """One layer of the network: its name in Keras, the nodes that it reads, its shape and costs."""

    name: str
    layer: Layer | Add | Output | Backbone | None  # None: the image itself
    inputs: tuple[str, ...]
    computed: ComputedLayer
    receptive_field: ReceptiveField | None  # None if each output sees the whole image

    @property
    def shape(self) -> Shape:
        return self.computed.output_shape


def lay_out(cnn: Cnn, input_shape: Shape, classes: int) -> list[Node]:
    """Return the nodes in the order of computation, the output layer last.

    Raises UserError, with the layer's key in params.yaml, for a network that cannot be built.
    """
    builder = _LayoutBuilder()
    end = Node(INPUT, None, (), ComputedLayer(input_shape), ReceptiveField())
    if cnn.backbone is not None:
        end = builder.backbone(cnn.backbone, end)
    end = builder.sequence(cnn.layers, end, "", "cnn.layers")
    if len(end.shape) != 1:
        raise UserError(
            f"cnn.layers: the last layer gives an image of shape {list(end.shape)}, but the output layer needs a list "
            "of features. End the layers with kind flatten or global_average_pool"
        )
    builder.head(cnn, classes, end)
    _check_names(builder.nodes)
    return builder.nodes


def output_units(head: str, classes: int) -> int:
    """Return the units of the CNN's output layer. Raises UserError if the head does not fit the classes."""
    if head == "softmax":
        return classes
    if classes != 2:
        raise UserError(f"cnn.head: sigmoid is for two classes, but there are {classes}. Use head: softmax.")
    return 1


class _LayoutBuilder:
    """The nodes so far. Each method adds some after the node `source` and returns the last.

    `where` is the key in params.yaml, for messages.
    """

    def __init__(self) -> None:
        self.nodes: list[Node] = []

    def add(self, name: str, layer: Layer | Add | Output, where: str, *sources: Node) -> Node:
        try:
            computed = compute_layer(layer, sources[0].shape)
        except UserError as error:
            raise UserError(f"{_location(where, name)}: {error}.") from None
        node = Node(name, layer, tuple(source.name for source in sources), computed, _receptive_field(layer, sources))
        self.nodes.append(node)
        return node

    def backbone(self, backbone: Backbone, source: Node) -> Node:
        computed = compute_backbone(backbone, source.shape)
        field = backbone_receptive_field(backbone, source.shape, computed.output_shape)
        self.nodes.append(Node("backbone", backbone, (source.name,), computed, field))
        return self.nodes[-1]

    def sequence(self, layers: Mapping[str, Layer], source: Node, prefix: str, where: str) -> Node:
        for name, layer in layers.items():
            key = f"{where}.{name}"
            if isinstance(layer, Block | Residual):
                source = self.repeated(prefix + name, layer, source, key)
            else:
                source = self.add(prefix + name, layer, key, source)
        return source

    def repeated(self, name: str, block: Block | Residual, source: Node, where: str) -> Node:
        for copy in _copies(name, block.repeat):
            end = self.sequence(block.layers, source, f"{copy}_", f"{where}.layers")
            source = self.sum(copy, block, source, end, where) if isinstance(block, Residual) else end
        return source

    def sum(self, name: str, block: Residual, source: Node, end: Node, where: str) -> Node:
        shortcut = self.shortcut(name, source, end, where)
        total = self.add(f"{name}_add", Add(), where, end, shortcut)
        if block.activation == "linear":
            return total
        return self.add(
            f"{name}_activation", ActivationLayer(kind="activation", activation=block.activation), where, total
        )

    def shortcut(self, name: str, source: Node, end: Node, where: str) -> Node:
        """Return the block's input, projected to the shape of its output where that differs.

        He, Zhang, Ren and Sun, "Deep residual learning for image recognition", 2015, equations 1 and 2.
        """
        if source.shape == end.shape:
            return source
        if len(source.shape) == len(end.shape) == 1:
            linear = Dense(kind="dense", units=end.shape[0], bias=False)
            return self.add(f"{name}_shortcut", linear, where, source)
        if source.receptive_field is None or end.receptive_field is None:
            raise UserError(
                f"{_location(where, name)}: the layers inside turn shape {list(source.shape)} into {list(end.shape)}, "
                "which cannot be added. Move the layer that flattens out of the block."
            )
        stride = [
            after // before
            for before, after in zip(source.receptive_field.stride, end.receptive_field.stride, strict=True)
        ]
        projection = Conv(kind="conv", filters=end.shape[2], kernel=1, stride=stride, bias=False)
        shortcut = self.add(f"{name}_shortcut", projection, where, source)
        if shortcut.shape != end.shape:
            raise UserError(
                f"{_location(where, name)}: the layers inside give shape {list(end.shape)}, but the shortcut gives "
                f"{list(shortcut.shape)}. Use padding: same inside."
            )
        return shortcut

    def head(self, cnn: Cnn, classes: int, source: Node) -> None:
        if isinstance(cnn.head, Head):
            hidden = Dense(kind="dense", units=cnn.head.hidden, activation=cnn.head.activation)
            source = self.add("hidden", hidden, "cnn.head", source)
            if cnn.head.dropout is not None:
                dropout = Dropout(kind="dropout", rate=cnn.head.dropout)
                source = self.add("hidden_dropout", dropout, "cnn.head", source)
        output = Output(units=output_units(cnn.head_kind, classes), activation=cnn.head_kind)
        self.add("output", output, "cnn.head", source)


def _location(where: str, name: str) -> str:
    """Return the key, with the layer's own name where the key does not end with it."""
    return where if where.endswith(f".{name}") else f"{where} ({name})"


def _copies(name: str, repeat: int | None) -> Iterator[str]:
    if repeat is None:
        yield name
    else:
        yield from (f"{name}_{number}" for number in range(1, repeat + 1))


def _receptive_field(layer: Layer | Add | Output, sources: tuple[Node, ...]) -> ReceptiveField | None:
    fields = [source.receptive_field for source in sources if source.receptive_field is not None]
    if not fields or isinstance(layer, Flatten | GlobalPool):
        return None
    if isinstance(layer, Windowed):
        return fields[0].through(window(layer), sources[0].shape)
    if isinstance(layer, ZeroPad):
        return fields[0].within(layer.rings)
    return widest(fields)


def zeros_name(node: Node) -> str | None:
    """Return the name of the zero-padding layer that Keras needs before a node; None if it needs none."""
    rings = isinstance(node.layer, Windowed) and not isinstance(node.layer.padding, str)
    return f"{node.name}_zeros" if rings else None


def _check_names(nodes: list[Node]) -> None:
    zeros = [name for node in nodes if (name := zeros_name(node))]
    counts = Counter([*RESERVED_NAMES, *(node.name for node in nodes), *zeros])
    repeated = [name for name, count in counts.items() if count > 1]
    if repeated:
        raise UserError(
            f"cnn.layers: two layers of the network would be named {repeated[0]!r} (a layer inside a block is "
            f"prefixed with the block's name, zero padding is named <layer>_zeros). Choose another name."
        )
