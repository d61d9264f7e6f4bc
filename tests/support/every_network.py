"""The networks that a page must hold for, with random weights, and the page of each: who reads it has any of them."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML

from pixelproof.network.plan.plan import plan_cnn
from pixelproof.params.cnn import Cnn
from tests.support.explained import Built, build_page
from tests.support.photos import CLASSES

ROOT = Path(__file__).parents[2]
DIGITS = tuple("0123456789")
NORM, RELU = {"kind": "batch_norm"}, {"kind": "activation", "activation": "relu"}


class Network(NamedTuple):
    cnn: Callable[[], Mapping[str, Any]]  # the content of the section `cnn` of params.yaml
    shape: tuple[int, int, int]
    classes: tuple[str, ...] = CLASSES


def section_of(file: str) -> Callable[[], Mapping[str, Any]]:
    return lambda: YAML(typ="safe").load((ROOT / file).read_text("utf-8"))["cnn"]


def simple(layers: Mapping[str, Any], head: str = "softmax", **more: Any) -> Callable[[], Mapping[str, Any]]:
    return lambda: {"layers": layers, "head": head, "learning_rate": 0.01, **more}


def residual(filters: int, stride: int = 1, **more: Any) -> dict[str, Any]:
    """Return a block of ResNet-18: two convolutions, each normalised."""

    def conv(stride: int = 1) -> dict[str, Any]:
        return {"kind": "conv", "filters": filters, "kernel": 3, "stride": stride, "padding": 1, "bias": False}

    layers = {"conv1": conv(stride), "norm1": NORM, "relu1": RELU, "conv2": conv(), "norm2": NORM}
    return {"kind": "residual", "activation": "relu", "layers": layers, **more}


EIGHTEEN_LAYERS = {
    "pad": {"kind": "zero_pad", "rings": 1},
    "conv": {"kind": "conv", "filters": 8, "kernel": [5, 3], "bias": False},
    "norm": NORM,
    "relu": RELU,
    "largest": {"kind": "max_pool", "size": 3, "stride": 2, "padding": "same"},
    "stage1": residual(8, repeat=2),
    "stage2a": residual(16, stride=2),
    "stage2b": residual(16),
    "separable": {"kind": "separable_conv", "filters": 16, "kernel": 3, "padding": "same", "depth_multiplier": 2},
    "mean": {"kind": "average_pool", "size": 2, "stride": 1, "padding": "same"},
    "stage3a": residual(24, stride=2),
    "stage3b": residual(24),
    "dilated": {"kind": "conv", "filters": 24, "kernel": 3, "padding": "same", "dilation": 2, "activation": "gelu"},
    "stage4a": residual(32, stride=2),
    "stage4b": residual(32),
    "norms": {"kind": "l2_pool", "size": 2},
    "drop": {"kind": "dropout", "rate": 0.2},
    "global": {"kind": "global_average_pool"},
    "hidden": {"kind": "dense", "units": 40, "activation": "silu"},
}
SMALL = {
    "conv": {"kind": "conv", "filters": 4, "kernel": 3, "padding": 1, "activation": "relu"},
    "norm": NORM,
    "pool": {"kind": "max_pool", "size": 2},
    "flatten": {"kind": "flatten"},
}
FLAT = {"flatten": {"kind": "flatten"}, "hidden": {"kind": "dense", "units": 30, "activation": "relu"}}
MOBILE = {"name": "MobileNetV2", "weights": "none", "trainable_from": "none"}

NETWORKS = {
    "digits": Network(section_of("params.yaml"), (28, 28, 1), DIGITS),
    "cats and dogs": Network(section_of("presets/cats-dogs.yaml"), (128, 128, 3)),
    "article": Network(section_of("presets/article.yaml"), (300, 300, 3)),
    "residual": Network(simple(EIGHTEEN_LAYERS), (52, 36, 3)),
    "backbone": Network(simple({"mean": {"kind": "global_average_pool"}}, backbone=MOBILE), (96, 96, 3)),
    "sigmoid": Network(simple(SMALL, "sigmoid"), (16, 16, 1)),
    "no convolution": Network(simple(FLAT), (20, 24, 3)),
}


def page_of(name: str, folder: Path) -> Built:
    """Write the page of a network with random weights and batch norms that change something."""
    import keras

    from pixelproof.network.cnn.cnn import build

    network = NETWORKS[name]
    cnn, shape = Cnn.model_validate({**network.cnn(), "precision": "float32"}), network.shape  # on every processor
    keras.utils.set_random_seed(1)
    model = build(cnn, shape, len(network.classes))
    stir(model)
    plan = plan_cnn(cnn, shape, len(network.classes)).as_json()
    path = folder / f"{name.replace(' ', '-')}.html"
    return build_page(model, plan, path, shape, classes=network.classes, mirrored=bool(cnn.average_mirrored))


def stir(model: Any) -> None:
    """Give batch norms means and variances, as a training does: fresh ones pass everything on."""
    import keras

    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            channels = layer.moving_mean.shape
            layer.moving_mean.assign(keras.random.normal(channels, 0.0, 0.1, seed=1))
            layer.moving_variance.assign(keras.random.uniform(channels, 0.5, 1.5, seed=2))
