"""Advice on planned networks: what looks wrong, and how large an MLP on the same pixels would be."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import prod
from pathlib import Path

from pixelproof.files import read_json
from pixelproof.network.plan.plan import Plan, image_shape, plan_cnn, plan_mlp
from pixelproof.params.split import Split
from pixelproof.params.whole import Params

SLIDING = ("conv", "separable_conv", "max_pool", "average_pool", "l2_pool", "backbone")
DENSE_SHARE = 0.95  # of all parameters in one dense layer: the network is hardly convolutional
ARTICLE_WIDTHS = (50, 100)  # of the hidden layers that the article leaves its readers to count


def training_photos(params: Params, ingest_report: Path, split_report: Path | None = None) -> int | None:
    """Return the number of training photos, by the reports on the same source; None if they do not say."""
    if not ingest_report.is_file():
        return None
    ingested = read_json(ingest_report)
    if ingested["source"] != params.ingest.source:
        return None
    accepted = sum(ingested["classes"].values())
    if split_report is not None and split_report.is_file():
        parts = read_json(split_report)["photos"]
        if sum(parts.values()) == accepted:
            return int(parts["train"])
    return None if params.split.method == "given" else round(accepted * _training_share(params.split))


def _training_share(split: Split) -> float:
    return 1 - (2 / split.folds if split.folds else split.valid_share + split.test_share)


def warnings(plan: Plan, photos: int | None) -> list[str]:
    """Return what looks wrong with a network, each with a remedy. `photos`: number of training photos, if known."""
    return [*_too_little_data(plan, photos), *_mostly_dense(plan), *_small_receptive_field(plan)]


def _too_little_data(plan: Plan, photos: int | None) -> Iterator[str]:
    values = prod(plan.input_shape) * (photos or 0)
    if photos is not None and plan.trainable > values:
        yield (
            f"{plan.trainable:,} parameters are trained on {photos:,} photos with {values:,} pixel values in all: "
            "the network can memorise them. Add photos, or use a smaller network."
        )


def _mostly_dense(plan: Plan) -> Iterator[str]:
    if all(layer.kind == "dense" for layer in plan.layers):
        return  # an MLP is dense by design
    for layer in plan.layers:
        if layer.kind == "dense" and layer.parameters >= DENSE_SHARE * plan.parameters:
            yield (
                f"{layer.name} holds {layer.parameters:,} of the {plan.parameters:,} parameters. "
                "Pool more before it, or use global_average_pool instead of flatten."
            )


def _small_receptive_field(plan: Plan) -> Iterator[str]:
    sliding = [(layer.name, layer.receptive_field) for layer in plan.layers if layer.kind in SLIDING]
    if not sliding:
        return
    name, field = sliding[-1]
    height, width = plan.input_shape[:2]
    if field and (field[0] < height or field[1] < width):
        yield (
            f"each output of {name}, the last conv or pool layer, sees {field[0]} x {field[1]} of the image's "
            f"{height} x {width} pixels, so no filter can see a larger shape. Add conv and pool layers, or strides."
        )


@dataclass(frozen=True)
class Budget:
    """An MLP on the same pixels: its hidden layers and its parameters. `hidden` is None where none fits."""

    what: str
    hidden: Sequence[int] | None
    parameters: int | None


def mlp_budgets(params: Params, classes: int) -> list[Budget]:
    """Return the sizes of MLPs: no hidden layer, usual widths, as in params.yaml, and the widest not above the CNN."""
    shape = image_shape(params.resize)

    def parameters(*hidden: int) -> int:
        return plan_mlp(params.mlp.model_copy(update={"hidden": list(hidden)}), shape, classes).parameters

    budgets = [Budget("no hidden layer", (), parameters())]
    budgets += [Budget(f"hidden layer of {width}", (width,), parameters(width)) for width in ARTICLE_WIDTHS]
    budgets.append(Budget("as in params.yaml", params.mlp.hidden, parameters(*params.mlp.hidden)))
    limit = plan_cnn(params.cnn, shape, classes).parameters
    width = widest_hidden(limit, prod(shape), classes)
    what = f"at most the CNN's {limit:,}"
    budgets.append(Budget(what, (width,), parameters(width)) if width else Budget(what, None, None))
    return budgets


def widest_hidden(limit: int, features: int, classes: int) -> int:
    """Return the units of the widest single hidden layer within `limit` parameters; 0 if not even one unit fits."""
    outputs = 1 if classes == 2 else classes
    return max(0, (limit - outputs) // (features + 1 + outputs))
