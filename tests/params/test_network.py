"""Mistakes inside blocks, heads and backbones; DVC's overrides."""

import json
from pathlib import Path
from typing import Any

import pytest

from pixelproof.params.whole import load_params
from tests.support.params import changed, complaint


def conv() -> dict[str, Any]:
    return {"kind": "conv", "filters": 4, "kernel": 3}


@pytest.mark.parametrize(
    ("layer", "words"),
    [
        (
            {"kind": "residual", "layers": {"a": conv() | {"filter": 3}}},
            "cnn.layers.r.layers.a.filter: unknown key (did",
        ),
        (
            {"kind": "block", "layers": {"a": {"kind": "cnv"}}},
            "cnn.layers.r.layers.a.kind: 'cnv' is not a kind of layer",
        ),
        ({"kind": "block", "layers": {}}, "cnn.layers.r.layers: "),
        ({"kind": "block", "layers": {"a": conv()}, "repeat": 0}, "cnn.layers.r.repeat: input should be greater than"),
        ({"kind": "block", "layers": {"A": conv()}}, "cnn.layers.r.layers.A: a name may only have lower-case letters"),
        (
            {"kind": "block", "layers": {"a": {"kind": "residual", "layers": {"b": {"kind": "l2_pool"}}}}},
            "cnn.layers.r.layers.a.layers.b.size: this key is missing",
        ),
    ],
)
def test_a_mistake_inside_a_block_is_named_by_its_whole_path(layer: Any, words: str, tmp_path: Path) -> None:
    """Else a user would search every block for it."""
    message = complaint(changed(("cnn.layers.r", layer)), tmp_path)
    assert words in message


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ("sotfmax", "cnn.head: input should be 'sigmoid' or 'softmax', got 'sotfmax'"),
        ({"kind": "sotfmax", "hidden": 3}, "cnn.head.kind: input should be 'sigmoid' or 'softmax', got 'sotfmax'"),
        ({"kind": "softmax"}, "cnn.head.hidden: this key is missing"),
        ({"kind": "softmax", "hiden": 3}, "cnn.head.hiden: unknown key (did you mean 'hidden'?)"),
        ({"kind": "softmax", "hidden": 3, "dropout": 1}, "cnn.head.dropout: input should be less than 1"),
    ],
)
def test_a_mistake_in_the_head_is_named_whether_it_is_a_word_or_a_section(
    head: object, words: str, tmp_path: Path
) -> None:
    """Else a head with a hidden layer would be explained as a wrong word, or the other way round."""
    message = complaint(changed(("cnn.head", head)), tmp_path)
    assert words in message


def test_a_misspelt_key_of_the_backbone_is_named(tmp_path: Path) -> None:
    """Else transfer learning would be a search for three keys."""
    message = complaint(changed(("cnn.backbone", {"name": "VGG16", "wieghts": "none"})), tmp_path)
    assert "cnn.backbone.wieghts: unknown key (did you mean 'weights'?)" in message
    assert "cnn.backbone.trainable_from: this key is missing" in message


@pytest.mark.slow
def test_dvc_overrides_the_number_of_repeats_and_a_layer_inside_a_block(tmp_path: Path) -> None:
    """Else `dvc exp run -S cnn.layers.block1.repeat=3` would not reach the block."""
    from dvc.utils.hydra import apply_overrides

    path = tmp_path / "settings.yaml"
    block = {"kind": "block", "repeat": 1, "layers": {"conv1": conv()}}
    path.write_text(json.dumps(changed(("cnn.layers", {"block1": block}))), "utf-8")
    apply_overrides(path, ["cnn.layers.block1.repeat=3", "cnn.layers.block1.layers.conv1.filters=9"])
    changed_block: Any = load_params(path).cnn.layers["block1"]
    assert (changed_block.repeat, changed_block.layers["conv1"].filters) == (3, 9)
