"""The networks of params.yaml, computed before TensorFlow is loaded or a photo is read."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from math import prod
from pathlib import Path
from typing import Any

from pixelproof.errors import UserError
from pixelproof.files import read_json
from pixelproof.network.layers import Shape, Step, dense_step, step
from pixelproof.params import Params
from pixelproof.params.data import Ingest, Resize
from pixelproof.params.network import Cnn, Layer, Mlp


@dataclass(frozen=True)
class PlannedLayer:
    name: str
    kind: str
    output_shape: Shape
    shape_formula: str
    parameters: int
    parameters_formula: str
    multiply_adds: int
    options: Mapping[str, Any]  # the layer as params.yaml gives it: what DVC must see change


@dataclass(frozen=True)
class Plan:
    """A network, layer by layer in order, with its totals."""

    input_shape: Shape
    parameters: int
    trainable: int
    multiply_adds: int  # for one image
    layers: Sequence[PlannedLayer]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def image_shape(resize: Resize) -> tuple[int, int, int]:
    return (resize.height_px, resize.width_px, 3 if resize.colour == "rgb" else 1)


def plan_cnn(cnn: Cnn, input_shape: Shape, classes: int) -> Plan:
    """Compute the CNN. Raises UserError with the layer's name where the geometry is impossible."""
    shape = input_shape
    steps: list[tuple[str, str, Mapping[str, Any], Step]] = []
    for name, layer in cnn.layers.items():
        computed = _named_step(name, layer, shape)
        steps.append((name, layer.kind, layer.model_dump(exclude={"kind"}, exclude_none=True), computed))
        shape = computed.output_shape
    units = output_units(cnn.head, classes)
    if len(shape) != 1:
        raise UserError(
            f"cnn.layers: the last layer gives an image of shape {list(shape)}, but the output layer needs a list "
            "of features. End the layers with kind flatten or global_average_pool"
        )
    steps.append(("output", "dense", {"units": units, "activation": cnn.head}, dense_step(shape[0], units)))
    return _total(input_shape, steps)


def _named_step(name: str, layer: Layer, shape: Shape) -> Step:
    try:
        return step(layer, shape)
    except UserError as error:
        raise UserError(f"cnn.layers.{name}: {error}.") from None


def output_units(head: str, classes: int) -> int:
    """Return the units of the CNN's output layer. Raises UserError if the head does not fit the classes."""
    if head == "softmax":
        return classes
    if classes != 2:
        raise UserError(f"cnn.head: sigmoid tells two classes apart, but there are {classes}. Use head: softmax.")
    return 1


def plan_mlp(mlp: Mlp, input_shape: Shape, classes: int) -> Plan:
    """Compute scikit-learn's MLPClassifier: its output has one unit for two classes, else one per class."""
    features = prod(input_shape)
    widths = [*mlp.hidden, 1 if classes == 2 else classes]
    names = [*(f"hidden{number}" for number in range(1, len(mlp.hidden) + 1)), "output"]
    last = "logistic" if classes == 2 else "softmax"
    activations = [*(mlp.activation for _ in mlp.hidden), last]
    steps: list[tuple[str, str, Mapping[str, Any], Step]] = []
    for name, width, activation in zip(names, widths, activations, strict=True):
        steps.append((name, "dense", {"units": width, "activation": activation}, dense_step(features, width)))
        features = width
    return _total(input_shape, steps)


def _total(input_shape: Shape, steps: Sequence[tuple[str, str, Mapping[str, Any], Step]]) -> Plan:
    parameters = sum(computed.parameters for *_, computed in steps)
    return Plan(
        input_shape,
        parameters,
        trainable=parameters - sum(computed.frozen for *_, computed in steps),
        multiply_adds=sum(computed.multiply_adds for *_, computed in steps),
        layers=[
            PlannedLayer(
                name,
                kind,
                computed.output_shape,
                computed.shape_formula,
                computed.parameters,
                computed.parameters_formula,
                computed.multiply_adds,
                options,
            )
            for name, kind, options, computed in steps
        ],
    )


def plan_models(params: Params, classes: int) -> dict[str, Plan]:
    """Compute both models of a params file for a number of classes."""
    shape = image_shape(params.resize)
    return {"cnn": plan_cnn(params.cnn, shape, classes), "mlp": plan_mlp(params.mlp, shape, classes)}


def summary(plans: Mapping[str, Plan]) -> dict[str, dict[str, int]]:
    """Return the totals of each model, the part that DVC shows as metrics."""
    totals = ("parameters", "trainable", "multiply_adds")
    return {model: {total: getattr(plan, total) for total in totals} for model, plan in plans.items()}


def class_count(ingest: Ingest, report: Path, given: int | None = None) -> int:
    """Return the number of classes: that of `ingest.classes`, else `given`, else that of ingest's `report`.

    The report counts only if it is about the same source. Raises UserError if nothing tells the number.
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
        f"the number of classes is not known: ingest.source {ingest.source!r} has not been ingested yet. "
        "List ingest.classes in params.yaml, pass --classes, or run `dvc repro ingest` first."
    )
