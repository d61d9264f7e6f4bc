"""Which layers are one thing to a reader, on small graphs."""

import numpy as np

from pixelproof.explain.tracing.groups import RESIDUAL, Group, grouped, rows
from pixelproof.explain.tracing.kinds import Kind
from pixelproof.explain.tracing.traced import TracedLayer

OPTIONS = {"activation": {"activation": "relu"}}


def network(*layers: tuple[str, list[int]]) -> list[TracedLayer]:
    """Return layers of these kinds and inputs, called l0, l1 and so on, each of one parameter."""
    return [
        TracedLayer(f"l{number}", "", inputs, np.zeros((1, 2, 2, 1), np.float32), Kind(kind, OPTIONS.get(kind, {})), 1)
        for number, (kind, inputs) in enumerate(layers)
    ]


def test_a_convolution_is_one_row_with_its_zeros_norm_and_activation() -> None:
    """Four rows for what people call a convolution made a deep network endless."""
    layers = network(("input", []), ("zero_pad", [0]), ("conv", [1]), ("batch_norm", [2]), ("activation", [3]))
    assert grouped(layers) == [0, Group("l2", "zeros + conv + batch norm + relu", [1, 2, 3, 4])]


def test_a_layer_that_feeds_two_stays_apart() -> None:
    """Its own output is needed elsewhere: the reader must find it."""
    layers = network(("input", []), ("conv", [0]), ("batch_norm", [1]), ("activation", [2]), ("concatenate", [2, 3]))
    assert grouped(layers) == [0, Group("l1", "conv + batch norm", [1, 2]), 3, 4]


def test_a_residual_block_is_one_row_that_holds_rows() -> None:
    """With a projection or without; the activation after the addition belongs to it."""
    block = [("conv", [0]), ("batch_norm", [1]), ("conv", [0]), ("add", [2, 3]), ("activation", [4]), ("dense", [5])]
    found = grouped(network(("input", []), *block))
    assert found == [0, Group("l", RESIDUAL, [Group("l1", "conv + batch norm", [1, 2]), 3, 4, 5]), 6]
    assert isinstance(found[1], Group)
    assert found[1].numbers == [1, 2, 3, 4, 5]


def test_blocks_within_a_block_are_groups_of_it() -> None:
    """A residual network's stage may itself be one."""
    inner = [("conv", [1]), ("add", [1, 2])]
    found = grouped(network(("input", []), ("max_pool", [0]), *inner, ("add", [0, 3])))
    assert found == [0, Group("l", RESIDUAL, [1, Group("l", RESIDUAL, [2, 3]), 4])]


def test_an_addition_of_what_is_used_elsewhere_is_no_block() -> None:
    """Folded away, the layer that feeds another would be missing."""
    layers = network(("input", []), ("conv", [0]), ("add", [0, 1]), ("concatenate", [1, 2]))
    assert grouped(layers) == [0, 1, 2, 3]


def test_rows_say_what_feeds_them_and_add_up_what_is_in_them() -> None:
    """The diagram links rows, not the layers within."""
    layers = network(("input", []), ("conv", [0]), ("batch_norm", [1]), ("add", [0, 2]), ("dense", [3]))
    shown = rows(layers)
    assert [(row.layer.name, row.parameters, row.inputs, row.is_residual) for row in shown] == [
        ("l0", 1, [], False),
        ("l3", 3, [0], True),
        ("l4", 1, [1], False),
    ]
