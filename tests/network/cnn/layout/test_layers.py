from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from pixelproof.errors import UserError
from pixelproof.network.cnn.layout.layers import ComputedLayer, Shape, compute_layer
from pixelproof.params.cnn import Layer

LAYER: TypeAdapter[Any] = TypeAdapter(Layer)


def computed(shape: Shape, kind: str, **options: object) -> ComputedLayer:
    """Compute a layer as params.yaml would give it."""
    return compute_layer(LAYER.validate_python({"kind": kind, **options}), shape)


@pytest.mark.parametrize(
    ("shape", "layer", "output_shape", "parameters"),
    [
        ((300, 300, 3), {"kind": "conv", "filters": 10, "kernel": 5}, (296, 296, 10), 760),
        ((32, 32, 3), {"kind": "conv", "filters": 10, "kernel": 5}, (28, 28, 10), 760),
        ((32, 32, 3), {"kind": "conv", "filters": 10, "kernel": 3}, (30, 30, 10), 280),
        ((20, 30, 2), {"kind": "conv", "filters": 4, "kernel": [3, 5], "stride": [1, 2]}, (18, 13, 4), 124),
        ((9, 9, 1), {"kind": "conv", "filters": 2, "kernel": 3, "dilation": 2}, (5, 5, 2), 20),
        ((9, 9, 1), {"kind": "conv", "filters": 2, "kernel": 3, "padding": 2}, (11, 11, 2), 20),
        ((9, 9, 1), {"kind": "conv", "filters": 2, "kernel": 3, "padding": "same", "bias": False}, (9, 9, 2), 18),
        ((20, 30, 3), {"kind": "separable_conv", "filters": 8, "kernel": [3, 5]}, (18, 26, 8), 77),
        (
            (9, 9, 3),
            {"kind": "separable_conv", "filters": 8, "kernel": 3, "stride": 2, "padding": 1, "depth_multiplier": 2},
            (5, 5, 8),
            110,
        ),
        ((9, 9, 3), {"kind": "separable_conv", "filters": 8, "kernel": 3, "dilation": 2, "bias": False}, (5, 5, 8), 51),
        ((7, 9, 3), {"kind": "l2_pool", "size": [2, 3], "stride": 1, "padding": "same"}, (7, 9, 3), 0),
        ((296, 296, 10), {"kind": "max_pool", "size": 2}, (148, 148, 10), 0),
        ((4, 4, 7), {"kind": "average_pool", "size": 2}, (2, 2, 7), 0),
        ((7, 7, 3), {"kind": "max_pool", "size": 3, "stride": 2}, (3, 3, 3), 0),
        ((7, 7, 3), {"kind": "max_pool", "size": 3, "stride": 2, "padding": 1}, (4, 4, 3), 0),
        ((7, 9, 3), {"kind": "average_pool", "size": [2, 3], "padding": "same"}, (4, 3, 3), 0),
        ((7, 9, 5), {"kind": "global_average_pool"}, (5,), 0),
        ((7, 9, 5), {"kind": "global_max_pool"}, (5,), 0),
        ((7, 9, 5), {"kind": "zero_pad", "rings": 2}, (11, 13, 5), 0),
        ((7, 9, 5), {"kind": "batch_norm"}, (7, 9, 5), 20),
        ((6,), {"kind": "batch_norm"}, (6,), 24),
        ((7, 9, 5), {"kind": "activation", "activation": "relu"}, (7, 9, 5), 0),
        ((7, 9, 5), {"kind": "dropout", "rate": 0.5}, (7, 9, 5), 0),
        ((148, 148, 10), {"kind": "flatten"}, (219_040,), 0),
        ((6,), {"kind": "flatten"}, (6,), 0),
        ((270_000,), {"kind": "dense", "units": 50}, (50,), 13_500_050),
        ((6,), {"kind": "dense", "units": 3, "bias": False}, (3,), 18),
    ],
)
def test_each_kind_gives_its_shape_and_parameters(
    shape: Shape, layer: dict[str, Any], output_shape: Shape, parameters: int
) -> None:
    """Else the plan would differ from what the layer really does."""
    found = computed(shape, **layer)
    assert (found.output_shape, found.parameters) == (output_shape, parameters)


def test_the_formulas_of_a_convolution_are_written_out() -> None:
    """Else the plan would show a count without where it comes from."""
    found = computed((300, 300, 3), "conv", filters=10, kernel=5)
    assert found.shape_formula == "(300 - 5 + 2*0)/1 + 1 = 296"
    assert found.parameters_formula == "(5*5*3 + 1)*10 = 760"


def test_a_layer_without_bias_shows_none_in_its_formula() -> None:
    """Else the formula would not give the number beside it."""
    assert computed((9, 9, 2), "conv", filters=4, kernel=3, bias=False).parameters_formula == "(3*3*2)*4 = 72"
    assert computed((9,), "dense", units=4, bias=False).parameters_formula == "(9)*4 = 36"


@pytest.mark.parametrize(
    ("shape", "layer"),
    [
        ((9, 8, 2), {"kind": "conv", "filters": 4, "kernel": [3, 2]}),
        ((9,), {"kind": "dense", "units": 4}),
        ((9, 8, 2), {"kind": "batch_norm"}),
        ((9, 8, 2), {"kind": "flatten"}),
        ((9, 8, 2), {"kind": "zero_pad", "rings": 3}),
        ((9, 9, 3), {"kind": "separable_conv", "filters": 8, "kernel": [3, 2], "depth_multiplier": 2}),
        ((9, 9, 3), {"kind": "separable_conv", "filters": 8, "kernel": 3, "bias": False}),
    ],
)
def test_each_formula_computes_to_the_number_at_its_end(shape: Shape, layer: dict[str, Any]) -> None:
    """Else the plan would show wrong arithmetic."""
    found = computed(shape, **layer)
    formulas = [formula for formula in (found.shape_formula, found.parameters_formula) if formula]
    assert formulas
    for formula in ", ".join(formulas).split(", "):
        left, _, result = formula.partition(" = ")
        assert eval(left) == int(result)


@pytest.mark.parametrize(
    ("shape", "layer", "expected"),
    [
        ((6, 6, 1), {"kind": "conv", "filters": 1, "kernel": 3}, 4 * 4 * 9),
        ((32, 32, 3), {"kind": "conv", "filters": 10, "kernel": 5}, 28 * 28 * 10 * 75),
        ((100,), {"kind": "dense", "units": 7}, 700),
        ((8, 8, 3), {"kind": "max_pool", "size": 2}, 0),
        ((8, 8, 3), {"kind": "l2_pool", "size": 2}, 0),
        ((32, 32, 3), {"kind": "separable_conv", "filters": 10, "kernel": 5}, 28 * 28 * (5 * 5 * 3 + 3 * 10)),
        (
            (9, 9, 4),
            {"kind": "separable_conv", "filters": 6, "kernel": 3, "stride": 2, "depth_multiplier": 2},
            4 * 4 * (3 * 3 * 8 + 8 * 6),
        ),
    ],
)
def test_multiply_adds_are_counted_per_image(shape: Shape, layer: dict[str, Any], expected: int) -> None:
    """Else the cost of two networks could not be compared."""
    assert computed(shape, **layer).multiply_adds == expected


def test_half_of_what_batch_norm_holds_is_not_trained() -> None:
    """Else the moving averages would be counted as trainable."""
    found = computed((7, 9, 5), "batch_norm")
    assert (found.parameters, found.frozen) == (20, 10)


@pytest.mark.parametrize(
    "layer",
    [
        {"kind": "conv", "filters": 1, "kernel": 1},
        {"kind": "separable_conv", "filters": 1, "kernel": 1},
        {"kind": "max_pool", "size": 1},
        {"kind": "l2_pool", "size": 1},
        {"kind": "global_average_pool"},
        {"kind": "zero_pad", "rings": 1},
    ],
    ids=lambda layer: str(layer["kind"]),
)
def test_a_layer_for_images_is_refused_after_flattening(layer: dict[str, Any]) -> None:
    """Else Keras would refuse it, later and in words that name no remedy."""
    with pytest.raises(UserError, match=rf"{layer['kind']} needs an image .* shape \[12\]\. Move it before the layer"):
        computed((12,), **layer)


def test_dense_is_refused_on_an_image() -> None:
    """Else Keras would apply it to each pixel, and the plan would be wrong."""
    with pytest.raises(UserError, match=r"dense needs .* shape \[4, 4, 2\]\. Put a layer of kind flatten"):
        computed((4, 4, 2), "dense", units=3)


@pytest.mark.parametrize("option", ["stride", "dilation"])
def test_a_separable_convolution_slides_alike_along_both_axes(option: str) -> None:
    """Else TensorFlow would refuse, in training, what the plan has accepted."""
    with pytest.raises(ValidationError, match=option):
        computed((9, 9, 3), "separable_conv", filters=2, kernel=3, **{option: [1, 2]})


@pytest.mark.parametrize("kind", ["conv", "separable_conv"])
def test_a_convolution_strides_or_dilates(kind: str) -> None:
    """Else Keras would refuse it, later."""
    with pytest.raises(ValidationError, match="cannot both be above 1"):
        computed((9, 9, 3), kind, filters=2, kernel=3, stride=2, dilation=2)


def test_memory_is_that_of_the_outputs_as_float32() -> None:
    """Else `plan` could not say what a batch takes: at 296 x 296 x 10 and 128 images 428 MiB."""
    assert computed((300, 300, 3), "conv", filters=10, kernel=5).activation_bytes == 296 * 296 * 10 * 4
