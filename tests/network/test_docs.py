"""docs/networks.md shows what there is, and what it shows works."""

import re
from typing import Any, get_args

import pytest
from ruamel.yaml import YAML

from pixelproof.network.plan.plan import plan_cnn
from pixelproof.params.cnn import Backbone, Cnn, Layer
from tests.support.imports import ROOT

PAGE = (ROOT / "docs/networks.md").read_text("utf-8")
EXAMPLES: list[Any] = [YAML(typ="safe").load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
KINDS = {
    kind: section
    for section in get_args(get_args(Layer)[0])
    for kind in get_args(section.model_fields["kind"].annotation)
}


def kinds_in(layers: dict[str, Any]) -> set[str]:
    inner = (kinds_in(layer["layers"]) for layer in layers.values() if "layers" in layer)
    return {layer["kind"] for layer in layers.values()}.union(*inner)


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_and_every_key_is_described(kind: str) -> None:
    """A key that no page describes might as well not exist."""
    row = next(line for line in PAGE.splitlines() if line.startswith("|") and f"`{kind}`" in line.split("|")[1])
    if kind in ("separable_conv", "average_pool", "l2_pool"):
        return  # "as conv", "the same"
    described = re.findall(r"`(\w+)(?::[^`]*)?`", row)
    assert set(KINDS[kind].model_fields) - {"kind"} <= set(described)


def test_the_example_of_each_kind_can_be_planned() -> None:
    """Else a reader would copy a network that is refused."""
    cnn = EXAMPLES[0]["cnn"]
    shown = kinds_in(cnn["layers"]) | {"global_average_pool", "global_max_pool"}
    assert shown == set(KINDS)
    names = [layer.name for layer in plan_cnn(Cnn.model_validate(cnn), (96, 96, 3), 3).layers]
    assert {"block1_1_conv", "block1_2_conv", "stage2_shortcut"} <= set(names)


def test_the_head_and_the_backbone_of_the_page_can_be_planned() -> None:
    """Else a reader would copy what is refused."""
    _, head, backbone = EXAMPLES
    assert plan_cnn(Cnn.model_validate(backbone["cnn"] | head), (96, 96, 3), 3).layers[0].kind == "backbone"
    assert all(f"| `{key}` |" in PAGE for key in Backbone.model_fields)
