"""The networks of params.yaml, computed before TensorFlow is loaded or a photo is read."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import prod
from pathlib import Path
from typing import Any

from pixelproof.errors import UserError
from pixelproof.files import read_json
from pixelproof.network.cnn.layout.geometry import ReceptiveField
from pixelproof.network.cnn.layout.layers import ComputedLayer, Shape, compute_dense
from pixelproof.network.cnn.layout.nodes import Node, lay_out
from pixelproof.params.cnn import Cnn
from pixelproof.params.ingest import Ingest
from pixelproof.params.mlp import Mlp
from pixelproof.params.resize import Resize
from pixelproof.params.section import Pair
from pixelproof.params.whole import Params


@dataclass(frozen=True)
class PlannedLayer:
    name: str
    kind: str
    output_shape: Shape
    shape_formula: str
    parameters: int
    parameters_formula: str
    multiply_adds: int  # for one image
    options: Mapping[str, Any]  # the layer's keys in params.yaml, so that DVC sees a change
    inputs: Sequence[str]  # names of its input layers, or "input"
    trainable: int  # parameters that gradients change
    activation_bytes: int  # of the outputs for one image, as float32
    receptive_field: Pair | None  # (height, width) in pixels; None: the whole image
    field_stride: Pair | None  # the distance between the fields of two neighbours, down and to the right
    field_start: Pair | None  # where the field of the first output begins; below 0: in the padding


@dataclass(frozen=True)
class Plan:
    """A network, layer by layer in order, with its totals."""

    input_shape: Shape
    parameters: int
    trainable: int
    multiply_adds: int  # for one image
    layers: Sequence[PlannedLayer]
    activation_bytes: int  # of all layers, for one image

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def image_shape(resize: Resize) -> tuple[int, int, int]:
    return (resize.height_px, resize.width_px, 3 if resize.colour == "rgb" else 1)


def plan_cnn(cnn: Cnn, input_shape: Shape, classes: int) -> Plan:
    """Compute the CNN. Raises UserError with the layer's key if the geometry is impossible."""
    return _total(input_shape, [_planned_node(node) for node in lay_out(cnn, input_shape, classes)])


def _planned_node(node: Node) -> PlannedLayer:
    assert node.layer is not None  # only the image has none, and it is not in the layout
    kind = getattr(node.layer, "kind", "backbone")
    options = node.layer.model_dump(exclude={"kind"}, exclude_none=True)
    return _planned(node.name, kind, options, node.computed, node.inputs, node.receptive_field)


def plan_mlp(mlp: Mlp, input_shape: Shape, classes: int) -> Plan:
    """Compute scikit-learn's MLPClassifier: its output has one unit for two classes, else one per class."""
    features = prod(input_shape)
    widths = [*mlp.hidden, 1 if classes == 2 else classes]
    names = [*(f"hidden{number}" for number in range(1, len(mlp.hidden) + 1)), "output"]
    last = "logistic" if classes == 2 else "softmax"
    activations = [*(mlp.activation for _ in mlp.hidden), last]
    layers: list[PlannedLayer] = []
    for name, width, activation in zip(names, widths, activations, strict=True):
        options = {"units": width, "activation": activation}
        source = layers[-1].name if layers else "input"
        layers.append(_planned(name, "dense", options, compute_dense(features, width), (source,), None))
        features = width
    return _total(input_shape, layers)


def _planned(
    name: str,
    kind: str,
    options: Mapping[str, Any],
    computed: ComputedLayer,
    inputs: Sequence[str],
    field: ReceptiveField | None,
) -> PlannedLayer:
    return PlannedLayer(
        name,
        kind,
        computed.output_shape,
        computed.shape_formula,
        computed.parameters,
        computed.parameters_formula,
        computed.multiply_adds,
        options,
        inputs,
        trainable=computed.parameters - computed.frozen,
        activation_bytes=computed.activation_bytes,
        receptive_field=field.size if field else None,
        field_stride=field.stride if field else None,
        field_start=field.start if field else None,
    )


def _total(input_shape: Shape, layers: Sequence[PlannedLayer]) -> Plan:
    return Plan(
        input_shape,
        parameters=sum(layer.parameters for layer in layers),
        trainable=sum(layer.trainable for layer in layers),
        multiply_adds=sum(layer.multiply_adds for layer in layers),
        layers=layers,
        activation_bytes=sum(layer.activation_bytes for layer in layers),
    )


def plan_models(params: Params, classes: int) -> dict[str, Plan]:
    """Compute both models of a params file, for that number of classes."""
    shape = image_shape(params.resize)
    return {"cnn": plan_cnn(params.cnn, shape, classes), "mlp": plan_mlp(params.mlp, shape, classes)}


def summary(plans: Mapping[str, Plan]) -> dict[str, dict[str, int]]:
    """Return the totals of each model, which DVC shows as metrics."""
    totals = ("parameters", "trainable", "multiply_adds")
    return {model: {total: getattr(plan, total) for total in totals} for model, plan in plans.items()}


def class_count(ingest: Ingest, report: Path, given: int | None = None) -> int:
    """Return the number of classes: from `ingest.classes`, else `given`, else from ingest's `report`.

    The report counts only if it is about the same source. Raises UserError if the number is unknown.
    """
    if ingest.classes is not None:
        return len(ingest.classes)
    if given is not None:
        return given
    if report.is_file():
        content = read_json(report)
        if content["source"] == ingest.source:
            return len(content["classes"])
    raise UserError(
        f"the number of classes is unknown: ingest.source {ingest.source!r} has not been ingested yet. "
        "List ingest.classes in params.yaml, pass --classes, or run `dvc repro ingest` first."
    )
