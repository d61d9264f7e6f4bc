"""The article's own numbers, each by the code that the product itself uses; A3 to A17 are the rows of the article."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pixelproof.network.plan.advice import mlp_budgets
from pixelproof.network.plan.plan import Plan, plan_cnn, plan_models
from pixelproof.params.cnn import Cnn
from pixelproof.params.whole import load_params
from tests.support.imports import ROOT

PIXELS = """18 54 51 239 244 188  55 121 75 78 95 88  35 24 204 113 109 221
            3 154 104 235 25 130  15 253 225 159 78 233  68 85 180 214 245 0"""
WEIGHTS = "1 0 1  0 1 0  1 0 1"
SUMS = "429 505 686 856  261 792 412 640  633 653 851 751  608 913 713 657"


def matrix(numbers: str, height: int) -> np.ndarray:
    """Return one image or weight matrix as Keras takes it: (1, height, width, 1) float32."""
    return np.array(numbers.split(), np.float32).reshape(1, height, -1, 1)


def network(**layers: Any) -> Cnn:
    layers["flatten"] = {"kind": "flatten"}
    return Cnn.model_validate({"layers": layers, "head": "softmax", "learning_rate": 0.01})


def planned(shape: tuple[int, int, int], **layer: Any) -> tuple[int, ...]:
    """Return the output shape of one layer."""
    return plan_cnn(network(layer=layer), shape, 2).layers[0].output_shape


def preset(name: str, classes: int = 2) -> dict[str, Plan]:
    return plan_models(load_params(ROOT / "presets" / f"{name}.yaml"), classes)


@pytest.mark.parametrize(("padding", "width"), [({"padding": "valid"}, 3), ({"padding": 0}, 3)])
def test_a3_two_neighbours_at_a_time_turn_four_columns_into_three(padding: dict[str, Any], width: int) -> None:
    """Else case 2 of the article would not hold: one row of weights, two wide."""
    assert planned((1, 4, 1), kind="conv", filters=1, kernel=[1, 2], **padding) == (1, width, 1)


def test_a3_a_column_of_zeros_on_each_side_turns_four_columns_into_five() -> None:
    """Else case 3 would not hold: corners count as often as the rest. (The ring adds rows too, which widths ignore.)"""
    assert planned((1, 4, 1), kind="conv", filters=1, kernel=[1, 2], padding=1)[1] == 5


def test_a3_two_weight_vectors_give_two_maps_and_a_square_one_is_a_pixel_smaller_each_way() -> None:
    """Else cases 4 and 5 would not hold."""
    assert planned((1, 4, 1), kind="conv", filters=2, kernel=[1, 2]) == (1, 3, 2)
    assert planned((4, 4, 1), kind="conv", filters=1, kernel=2) == (3, 3, 1)


@pytest.mark.slow
def test_a3_weights_see_pairs_of_neighbours() -> None:
    """Else the weight vectors (1, 0.3) and (0.1, 5) would not combine each pixel with its right neighbour."""
    layer = {"kind": "conv", "filters": 2, "kernel": [1, 2], "bias": False}
    row = np.array([2, 4, 6, 10], np.float32)
    output = convolved(layer, row.reshape(1, 1, 4, 1), np.array([[1, 0.1], [0.3, 5]], np.float32).reshape(1, 2, 1, 2))
    expected = [row[:3] + 0.3 * row[1:], 0.1 * row[:3] + 5 * row[1:]]
    np.testing.assert_allclose(output[0, 0].T, expected, rtol=1e-6)


def convolved(layer: dict[str, Any], images: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Return what the product's layer makes of the images with these weights."""
    from pixelproof.network.cnn.cnn import build

    convolution = build(network(layer=layer), images.shape[1:], 2).get_layer("layer")
    convolution.set_weights([weights])
    return np.asarray(convolution(images))


@pytest.mark.slow
def test_a4_the_article_s_image_and_weights_give_its_sums() -> None:
    """Else the product's convolution would not be: slide, multiply, add up, the same weights everywhere."""
    layer = {"kind": "conv", "filters": 1, "kernel": 3, "bias": False}
    output = convolved(layer, matrix(PIXELS, 6), matrix(WEIGHTS, 3).reshape(3, 3, 1, 1))
    np.testing.assert_array_equal(output, matrix(SUMS, 4))


@pytest.mark.parametrize(("kernel", "side"), [(5, 28), (3, 30)])
def test_a8_and_a11_ten_filters_on_32_x_32_x_3(kernel: int, side: int) -> None:
    """Else the depth of the output would not be the number of filters, nor its side (W - F + 2P)/S + 1."""
    assert planned((32, 32, 3), kind="conv", filters=10, kernel=kernel) == (side, side, 10)
    assert planned((6, 6, 1), kind="conv", filters=1, kernel=3) == (4, 4, 1)  # A4's


@pytest.mark.parametrize("kind", ["max_pool", "average_pool", "l2_pool"])
def test_a9_pooling_halves_each_slice_and_keeps_the_depth(kind: str) -> None:
    """Else pooling would mix the activation maps."""
    assert planned((4, 4, 7), kind=kind, size=2, stride=2) == (2, 2, 7)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "expected"),
    [("max_pool", [6, 8, 14, 16]), ("average_pool", [3.5, 5.5, 11.5, 13.5]), ("l2_pool", [66, 138, 546, 746])],
)
def test_a9_each_pooling_takes_what_its_name_says(kind: str, expected: list[float]) -> None:
    """Else `max_pool` would not take the largest, `average_pool` the mean, `l2_pool` the root of the squares' sum."""
    from pixelproof.network.cnn.cnn import build

    image = np.arange(1, 17, dtype=np.float32).reshape(1, 4, 4, 1)
    pooled = np.asarray(build(network(layer={"kind": kind, "size": 2}), (4, 4, 1), 2).get_layer("layer")(image))
    wanted = np.sqrt(expected) if kind == "l2_pool" else np.array(expected)
    np.testing.assert_allclose(pooled.ravel(), wanted, rtol=1e-6)


def test_a15_the_article_s_network_has_219_801_parameters() -> None:
    """Else `presets/article.yaml` would not be the article's network, layer by layer."""
    plan = preset("article")["cnn"]
    assert plan.parameters == plan.trainable == 219_801 == (5 * 5 * 3 + 1) * 10 + 148 * 148 * 10 * 1 + 1
    assert [layer.output_shape for layer in plan.layers] == [(296, 296, 10), (148, 148, 10), (219_040,), (1,)]
    assert [layer.shape_formula for layer in plan.layers[:2]] == [
        "(300 - 5 + 2*0)/1 + 1 = 296",
        "(296 - 2 + 2*0)/2 + 1 = 148",
    ]
    assert plan.layers[0].parameters_formula == "(5*5*3 + 1)*10 = 760"


def test_a15_its_printed_listing_has_438_842() -> None:
    """Else nobody could see why the article's listing and its text differ: two outputs in the place of one."""
    listing = preset("article-listing")["cnn"]
    assert listing.parameters == 438_842 == 760 + 219_040 * 2 + 2
    assert [*listing.layers][:-1] == [*preset("article")["cnn"].layers][:-1]


def test_a14_the_presets_train_as_the_article_does() -> None:
    """Else a preset named after the article would be another experiment."""
    for name in ("article", "article-listing"):
        params = load_params(ROOT / "presets" / f"{name}.yaml")
        assert (params.resize.height_px, params.resize.width_px) == (300, 300)
        assert (params.resize.colour, params.resize.fit) == ("rgb", "stretch")
        assert (params.train.batch_size, params.train.epochs, params.train.early_stopping) == (128, 5, None)
        assert params.cnn.learning_rate == 0.001


def test_a16_how_many_parameters_an_mlp_would_have() -> None:
    """Else the article's open question would stay open."""
    assert preset("article")["mlp"].parameters == 13_500_101
    budgets = mlp_budgets(load_params(ROOT / "presets/article.yaml"), 2)
    found = {budget.what: budget.parameters for budget in budgets}
    assert [found[what] for what in ("no hidden layer", "hidden layer of 50", "hidden layer of 100")] == [
        270_001,
        13_500_101,
        27_000_201,
    ]
    assert found["at most the CNN's 219,801"] is None  # not even one hidden unit fits


def test_a17_more_layers_have_fewer_parameters() -> None:
    """Else `presets/article-deeper.yaml` would not show what the article claims."""
    deeper, article = preset("article-deeper")["cnn"], preset("article")["cnn"]
    assert deeper.parameters < article.parameters
    kinds = [layer.kind for layer in deeper.layers]
    assert kinds.count("conv") > 1
    assert kinds.count("max_pool") > 1


@pytest.mark.parametrize("path", sorted((ROOT / "presets").glob("article*.yaml")), ids=lambda path: path.stem)
def test_each_preset_opens_with_its_source_its_result_and_its_command(path: Path) -> None:
    """Else a reader of a preset would not know where it is from, nor what to expect of it."""
    comment = path.read_text("utf-8").partition("\nseed:")[0]
    assert all(word in comment for word in ("# Source ", "# Expected ", f"pixelproof preset {path.stem}"))
    assert f"{preset(path.stem)['cnn'].parameters:,} parameters" in comment
