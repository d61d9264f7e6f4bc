from typing import Any

import pytest

from pixelproof.errors import UserError
from pixelproof.network.cnn.layout.nodes import Node, lay_out
from pixelproof.params.cnn import Cnn

SHAPE = (9, 8, 3)
FLATTEN = {"kind": "flatten"}


def conv(filters: int = 4, **options: Any) -> dict[str, Any]:
    return {"kind": "conv", "filters": filters, "kernel": 3, "padding": "same", **options}


def residual(repeat: int | None = None, activation: str = "linear", **layers: Any) -> dict[str, Any]:
    return {"kind": "residual", "layers": layers, "repeat": repeat, "activation": activation}


def block(repeat: int | None = None, **layers: Any) -> dict[str, Any]:
    return {"kind": "block", "layers": layers, "repeat": repeat}


def nodes(head: Any = "softmax", *, classes: int = 2, **layers: Any) -> dict[str, Node]:
    """Return the nodes of a network on images of 9 x 8 x 3 by name, in their order."""
    cnn = Cnn.model_validate({"layers": layers, "head": head, "learning_rate": 0.01})
    return {node.name: node for node in lay_out(cnn, SHAPE, classes)}


def refusal(**layers: Any) -> str:
    with pytest.raises(UserError) as refused:
        nodes(**layers)
    return str(refused.value)


def test_plain_layers_follow_each_other() -> None:
    """Else the network would not be the one that is written down."""
    placed = nodes(conv1=conv(), flatten=FLATTEN)
    assert {name: node.inputs for name, node in placed.items()} == {
        "conv1": ("input",),
        "flatten": ("conv1",),
        "output": ("flatten",),
    }


def test_a_block_is_its_layers_with_its_name_before_theirs() -> None:
    """Else two blocks could not both have a layer named conv1."""
    placed = nodes(block1=block(conv1=conv(), pool={"kind": "max_pool", "size": 2}), flatten=FLATTEN)
    assert list(placed) == ["block1_conv1", "block1_pool", "flatten", "output"]


def test_a_block_is_repeated_with_weights_of_its_own_each_time() -> None:
    """Else `-S cnn.layers.block1.repeat=3` would not make the network deeper."""
    placed = nodes(block1=block(3, conv1=conv(), conv2=conv()), flatten=FLATTEN)
    numbered = [f"block1_{copy}_conv{layer}" for copy in (1, 2, 3) for layer in (1, 2)]
    assert list(placed) == [*numbered, "flatten", "output"]
    assert [placed[name].computed.parameters for name in numbered] == [112] + 5 * [148]
    assert placed["block1_2_conv1"].inputs == ("block1_1_conv2",)


def test_once_repeated_has_the_same_names_as_the_first_of_many() -> None:
    """Else raising `repeat` from 1 would rename layers, and pictures and metrics could not be compared."""
    assert "block1_1_conv1" in nodes(block1=block(1, conv1=conv()), flatten=FLATTEN)


def test_a_residual_block_adds_its_input_where_the_shape_stays() -> None:
    """Else the shortcut would have weights that He et al. do not give it, or none would be there."""
    placed = nodes(conv1=conv(), res=residual(None, "relu", a=conv(), b=conv()), flatten=FLATTEN)
    assert list(placed) == ["conv1", "res_a", "res_b", "res_add", "res_activation", "flatten", "output"]
    assert set(placed["res_add"].inputs) == {"res_b", "conv1"}
    assert placed["res_add"].computed.parameters == 0
    assert placed["flatten"].inputs == ("res_activation",)


def test_the_shortcut_is_projected_where_the_depth_changes() -> None:
    """Else images of unequal depth would be added."""
    placed = nodes(res=residual(a=conv(5)), flatten=FLATTEN)
    shortcut = placed["res_shortcut"].computed
    assert (shortcut.output_shape, shortcut.parameters_formula) == ((9, 8, 5), "(1*1*3)*5 = 15")
    assert placed["res_add"].inputs == ("res_a", "res_shortcut")


def test_the_shortcut_strides_as_the_layers_inside_do() -> None:
    """Else a block that shrinks the image could have no shortcut; the strides of all its layers count."""
    placed = nodes(res=residual(a=conv(3, stride=[2, 1]), b=conv(3, stride=2)), flatten=FLATTEN)
    assert placed["res_shortcut"].shape == placed["res_b"].shape == (3, 4, 3)
    assert placed["res_shortcut"].computed.shape_formula == "(9 - 1 + 2*0)/4 + 1 = 3, floor((8 - 1 + 2*0)/2) + 1 = 4"


def test_a_residual_block_of_features_is_projected_by_weights() -> None:
    """Else dense layers could have no shortcut."""
    dense = {"kind": "dense", "units": 5}
    placed = nodes(flatten=FLATTEN, res=residual(2, "linear", a=dense))
    assert placed["res_1_shortcut"].computed.parameters == 9 * 8 * 3 * 5
    assert "res_2_shortcut" not in placed


def test_blocks_lie_in_each_other() -> None:
    """Else a stage of several residual blocks could not be written."""
    placed = nodes(stage=block(2, res=residual(None, "linear", a=conv(3))), flatten=FLATTEN)
    assert list(placed)[:4] == ["stage_1_res_a", "stage_1_res_add", "stage_2_res_a", "stage_2_res_add"]


@pytest.mark.parametrize(
    ("layers", "message"),
    [
        (
            {"b": block(2, pool={"kind": "max_pool", "size": 5})},
            "cnn.layers.b.layers.pool (b_2_pool): a window of 5 pixels does not fit into 1 ",
        ),
        (
            {"r": residual(a=conv(3, padding="valid"))},
            "cnn.layers.r: the layers inside give shape [7, 6, 3], but the shortcut gives [9, 8, 3]. Use padding: s",
        ),
        (
            {"r": residual(2, a={"kind": "zero_pad", "rings": 1})},
            "cnn.layers.r (r_1): the layers inside give shape [11, 10, 3], but the shortcut gives [9, 8, 3]. ",
        ),
        (
            {"r": residual(a=FLATTEN)},
            "cnn.layers.r: the layers inside turn shape [9, 8, 3] into [216], which cannot be added. Move the layer ",
        ),
        (
            {"r": residual(a={"kind": "block", "layers": {"d": {"kind": "dense", "units": 3}}})},
            "cnn.layers.r.layers.a.layers.d (r_a_d): dense needs a list of features",
        ),
    ],
)
def test_a_block_that_cannot_be_is_refused_by_the_key_of_its_layer(layers: dict[str, Any], message: str) -> None:
    """Else a user would search all copies of a block for the mistake."""
    assert refusal(**layers, flatten=FLATTEN).startswith(message)


@pytest.mark.parametrize(
    ("layers", "name"),
    [
        ({"b": block(c=conv()), "b_c": conv()}, "b_c"),
        ({"b": block(1, c=conv()), "b_1_c": conv()}, "b_1_c"),
        ({"r": residual(c=conv(3)), "r_add": conv()}, "r_add"),
        ({"r": residual(c=conv(5)), "r_shortcut": conv()}, "r_shortcut"),
        ({"b": block(c=conv(padding=1)), "b_c_zeros": conv()}, "b_c_zeros"),
    ],
)
def test_two_layers_of_one_name_are_refused(layers: dict[str, Any], name: str) -> None:
    """Else Keras would refuse them, after the plan has promised the network."""
    assert f"two layers of the network would be named {name!r}" in refusal(**layers, flatten=FLATTEN)


def test_a_head_may_have_a_hidden_layer_and_dropout() -> None:
    """Else the layer before the output would have to be repeated in every params file."""
    head = {"kind": "softmax", "hidden": 6, "activation": "tanh", "dropout": 0.5}
    placed = nodes(head, classes=3, flatten=FLATTEN)
    assert list(placed) == ["flatten", "hidden", "hidden_dropout", "output"]
    assert [placed[name].shape for name in ("hidden", "hidden_dropout", "output")] == [(6,), (6,), (3,)]
    assert list(nodes({"kind": "sigmoid", "hidden": 6}, flatten=FLATTEN)) == ["flatten", "hidden", "output"]


def test_the_names_of_a_heads_layers_are_refused_elsewhere_only_if_it_has_them() -> None:
    """Else a params file with a layer named `hidden` would stop working."""
    dense = {"kind": "dense", "units": 3}
    assert "hidden" in nodes(flatten=FLATTEN, hidden=dense)
    with pytest.raises(UserError, match="named 'hidden'"):
        nodes({"kind": "softmax", "hidden": 6}, flatten=FLATTEN, hidden=dense)


@pytest.mark.parametrize(
    ("layers", "field", "stride"),
    [
        ({"a": conv(), "b": conv()}, (5, 5), (1, 1)),
        ({"a": conv(stride=2), "b": conv()}, (7, 7), (2, 2)),
        ({"a": conv(dilation=2)}, (5, 5), (1, 1)),
        ({"a": conv(kernel=[1, 3], stride=[1, 2]), "p": {"kind": "max_pool", "size": 2}}, (2, 5), (2, 4)),
        ({"a": residual(x=conv(), y=conv())}, (5, 5), (1, 1)),
        ({"a": conv(), "n": {"kind": "batch_norm"}, "z": {"kind": "zero_pad", "rings": 2}}, (3, 3), (1, 1)),
    ],
)
def test_receptive_fields_grow_by_the_window_times_the_strides_before(
    layers: dict[str, Any], field: tuple[int, int], stride: tuple[int, int]
) -> None:
    """Else `plan` would say that a network sees other parts of the image than it does."""
    placed = list(nodes(**layers, flatten=FLATTEN).values())
    seen = placed[-3].receptive_field
    assert seen is not None
    assert (seen.size, seen.stride) == (field, stride)
    assert placed[-1].receptive_field is None
