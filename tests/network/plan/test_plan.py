import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from pixelproof.errors import UserError
from pixelproof.network.cnn.layout.nodes import output_units
from pixelproof.network.plan.plan import class_count, image_shape, plan_cnn, plan_mlp, plan_models, summary
from pixelproof.params.cnn import Cnn
from pixelproof.params.ingest import Ingest
from pixelproof.params.mlp import Mlp
from pixelproof.params.resize import Resize
from pixelproof.params.whole import load_params
from tests.support.imports import ROOT

ARTICLE = (300, 300, 3)
CONV = {"kind": "conv", "filters": 10, "kernel": 5, "stride": 1, "padding": "valid", "activation": "relu"}
POOL = {"kind": "max_pool", "size": 2}
FLATTEN = {"kind": "flatten"}


def network(head: str = "softmax", **layers: Any) -> Cnn:
    return Cnn.model_validate({"layers": layers, "head": head, "learning_rate": 0.001})


def perceptron(*hidden: int) -> Mlp:
    return Mlp(hidden=list(hidden), activation="relu", l2=0.0, learning_rate=0.001)


def ingest(**options: Any) -> Ingest:
    settings = {"source": "photos", "min_images_per_class": 1, "min_side_px": 1, "max_quarantined_share": 0.1}
    return Ingest.model_validate(settings | options)


@pytest.fixture
def report(tmp_path: Path) -> Path:
    """The report of an ingest of `photos` that found three classes."""
    path = tmp_path / "ingest.json"
    path.write_text(json.dumps({"source": "photos", "classes": {"a": 5, "b": 5, "c": 5}}), "utf-8")
    return path


@pytest.mark.parametrize(("head", "parameters"), [("sigmoid", 219_801), ("softmax", 438_842)])
def test_the_articles_network_has_the_articles_parameters(head: str, parameters: int) -> None:
    """Else the plan would contradict the article (219,801), or the listing that it prints (438,842)."""
    plan = plan_cnn(network(head, conv=CONV, pool=POOL, flatten=FLATTEN), ARTICLE, 2)
    shapes = [layer.output_shape for layer in plan.layers]
    assert shapes == [(296, 296, 10), (148, 148, 10), (219_040,), (1 if head == "sigmoid" else 2,)]
    assert (plan.parameters, plan.trainable) == (parameters, parameters)
    assert plan.multiply_adds == 296 * 296 * 10 * 75 + 219_040 * (1 if head == "sigmoid" else 2)


@pytest.mark.parametrize(("hidden", "parameters"), [((50,), 13_500_101), ((100,), 27_000_201), ((), 270_001)])
def test_the_articles_open_question_is_answered(hidden: tuple[int, ...], parameters: int) -> None:
    """Else `plan` would not say how many parameters an MLP has on the article's images."""
    assert plan_mlp(perceptron(*hidden), ARTICLE, 2).parameters == parameters


def test_an_mlp_for_several_classes_has_a_unit_for_each() -> None:
    """Else the MLP's plan would differ from what scikit-learn builds."""
    plan = plan_mlp(perceptron(20, 10), (4, 4, 1), 5)
    assert [layer.name for layer in plan.layers] == ["hidden1", "hidden2", "output"]
    assert [layer.output_shape for layer in plan.layers] == [(20,), (10,), (5,)]
    assert [layer.parameters for layer in plan.layers] == [17 * 20, 21 * 10, 11 * 5]
    assert [layer.options["activation"] for layer in plan.layers] == ["relu", "relu", "softmax"]


def test_the_averages_of_batch_norm_are_parameters_but_not_trainable() -> None:
    """Else the two totals would not be what Keras reports."""
    plan = plan_cnn(network(conv=CONV, norm={"kind": "batch_norm"}, flatten=FLATTEN), (6, 6, 1), 3)
    assert plan.parameters == 26 * 10 + 4 * 10 + (2 * 2 * 10 + 1) * 3
    assert plan.trainable == plan.parameters - 2 * 10


@pytest.mark.parametrize(("layer", "where"), [(CONV, "small"), ({"kind": "max_pool", "size": 7}, "small")])
def test_impossible_geometry_is_refused_with_the_layers_name(layer: dict[str, Any], where: str) -> None:
    """Else a user would not know which layer of params.yaml to change."""
    layers: dict[str, Any] = {"conv1": CONV, where: layer, "flatten": FLATTEN}
    with pytest.raises(UserError, match=rf"^cnn\.layers\.{where}: a window of .* does not fit into 2 .*\.$"):
        plan_cnn(network(**layers), (6, 6, 3), 2)


def test_dense_on_an_image_is_refused_with_a_remedy() -> None:
    """Else Keras would build something that the plan does not show."""
    with pytest.raises(UserError, match=r"^cnn\.layers\.hidden: dense needs .* Put a layer of kind flatten"):
        plan_cnn(network(hidden={"kind": "dense", "units": 4}), (6, 6, 3), 2)


def test_a_convolution_after_flatten_is_refused_with_a_remedy() -> None:
    """Else the mistake would show only when Keras builds the network."""
    with pytest.raises(UserError, match=r"^cnn\.layers\.late: conv needs an image .* Move it before the layer"):
        plan_cnn(network(flatten=FLATTEN, late=CONV), (6, 6, 3), 2)


def test_layers_that_do_not_end_flat_are_refused_with_a_remedy() -> None:
    """Else the output layer would be applied to each pixel."""
    with pytest.raises(UserError, match=r"^cnn\.layers: the last layer gives an image .* End the layers with kind"):
        plan_cnn(network(conv=CONV), (6, 6, 3), 2)


def test_a_sigmoid_head_is_refused_for_three_classes() -> None:
    """Else one unit would have to tell three classes apart."""
    with pytest.raises(UserError, match=r"^cnn\.head: sigmoid .* there are 3\. Use head: softmax\.$"):
        plan_cnn(network("sigmoid", flatten=FLATTEN), (6, 6, 3), 3)
    assert (output_units("sigmoid", 2), output_units("softmax", 2), output_units("softmax", 3)) == (1, 2, 3)


def test_strides_on_a_dilated_convolution_are_refused() -> None:
    """Else the plan would promise a network that Keras refuses to build."""
    layer = {"kind": "conv", "filters": 2, "kernel": 3, "stride": 2, "dilation": 2}
    with pytest.raises((UserError, ValidationError), match="dilation"):
        plan_cnn(network(wide=layer, flatten=FLATTEN), (9, 9, 3), 2)


def test_a_layer_may_not_take_the_name_of_the_zeros_before_another() -> None:
    """Else Keras would refuse two layers of one name, after the plan has promised the network."""
    layers: dict[str, Any] = {
        "conv": CONV | {"padding": 1},
        "conv_zeros": {"kind": "zero_pad", "rings": 1},
        "flatten": FLATTEN,
    }
    with pytest.raises((UserError, ValidationError), match="conv_zeros"):
        plan_cnn(network(**layers), (9, 9, 3), 2)


@pytest.mark.parametrize("names", [("conv", "norm", "flatten"), ("norm", "conv", "flatten")])
def test_the_layers_stay_in_their_order(names: tuple[str, ...]) -> None:
    """Else two networks with the same layers in another order would look alike, to the user and to DVC."""
    layers: dict[str, Any] = {"conv": CONV, "norm": {"kind": "batch_norm"}, "flatten": FLATTEN}
    plan = plan_cnn(network(**{name: layers[name] for name in names}), (9, 9, 3), 2)
    assert [layer["name"] for layer in plan.as_json()["layers"]] == [*names, "output"]


def test_the_json_has_the_agreed_keys() -> None:
    """Else `evaluate`, DVC's metrics and the scripts of others would not find their numbers."""
    plan = plan_cnn(network(conv=CONV, pool=POOL, flatten=FLATTEN), (20, 20, 1), 4)
    content = json.loads(json.dumps(plan.as_json()))
    assert {"parameters", "trainable", "layers", "input_shape", "multiply_adds"} <= set(content)
    assert content["input_shape"] == [20, 20, 1]
    for layer in content["layers"]:
        assert {"name", "kind", "output_shape", "parameters"} <= set(layer)
    assert content["layers"][1]["output_shape"] == [8, 8, 10]
    assert sum(layer["parameters"] for layer in content["layers"]) == content["parameters"]


def test_every_option_of_a_layer_stands_in_the_json() -> None:
    """Else DVC would not see an option change, since the training depends on the plan's file."""
    first = plan_cnn(network(conv=CONV, flatten=FLATTEN), (9, 9, 3), 2).as_json()
    other = plan_cnn(network(conv=CONV | {"activation": "tanh"}, flatten=FLATTEN), (9, 9, 3), 2).as_json()
    assert first != other
    assert first["layers"][0]["options"]["activation"] == "relu"


@pytest.mark.parametrize(("colour", "channels"), [("rgb", 3), ("grey", 1)])
def test_the_colour_gives_the_channels(colour: str, channels: int) -> None:
    """Else the plan would count the weights of other images than the models get."""
    resize = Resize.model_validate({"height_px": 20, "width_px": 30, "colour": colour, "fit": "pad"})
    assert image_shape(resize) == (20, 30, channels)


def test_the_default_params_can_be_planned() -> None:
    """Else the first command that a user tries would fail."""
    plans = plan_models(load_params(ROOT / "params.yaml"), 10)
    totals = summary(plans)
    assert set(totals) == {"cnn", "mlp"}
    assert totals["mlp"] == {"parameters": 79_510, "trainable": 79_510, "multiply_adds": 79_400}
    assert totals["cnn"]["parameters"] == sum(layer.parameters for layer in plans["cnn"].layers)


def test_the_classes_of_params_count_first(report: Path) -> None:
    """Else `ingest.classes` would not fix the network's size."""
    assert class_count(ingest(classes=["a", "b"]), report, 7) == 2


def test_the_given_number_counts_before_the_report(report: Path) -> None:
    """Else `--classes` could not ask what another number of classes would cost."""
    assert class_count(ingest(), report, 7) == 7


def test_the_report_counts_where_nothing_else_tells(report: Path) -> None:
    """Else the user would have to repeat what ingest has found."""
    assert class_count(ingest(), report) == 3


def test_the_report_of_another_source_does_not_count(report: Path) -> None:
    """Else a network would get the classes of photos that it never sees."""
    with pytest.raises(UserError, match="'others' has not been ingested yet"):
        class_count(ingest(source="others"), report)


def test_an_unknown_number_of_classes_is_an_error_with_three_remedies(tmp_path: Path) -> None:
    """Else a user would not know how to go on before the first ingest."""
    with pytest.raises(UserError, match=r"List ingest\.classes .* pass --classes, or run `dvc repro ingest`"):
        class_count(ingest(), tmp_path / "none.json")


def test_planning_loads_no_heavy_library() -> None:
    """Else `pixelproof plan` would take ten seconds."""
    script = (
        "import sys; from pixelproof.network.plan import plan; from pixelproof.params.whole import load_params; "
        "plan.plan_models(load_params(), 10); "
        "print({'tensorflow', 'keras', 'numpy', 'pandas', 'sklearn', 'mlflow'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
