import json
from pathlib import Path
from typing import Any

import pytest

from tests.support.program import Program, installed, said, write_params

ARTICLE = {
    "conv": {"kind": "conv", "filters": 10, "kernel": 5, "activation": "relu"},
    "pool": {"kind": "max_pool", "size": 2},
    "flatten": {"kind": "flatten"},
}


@pytest.fixture
def article(tmp_path: Path) -> Path:
    """A folder with the article's network in params.yaml."""
    write_params(
        tmp_path / "params.yaml",
        resize_height_px=300,
        resize_width_px=300,
        resize_colour="rgb",
        cnn_layers=ARTICLE,
        cnn_head="sigmoid",
        mlp_hidden=[50],
    )
    return tmp_path


def test_plan_prints_both_networks_as_json(article: Path) -> None:
    """Else scripts could not ask what a network costs: the names and numbers are agreed."""
    done = installed(article, "plan", "--params", "params.yaml", "--json", "--classes", "2")
    assert (done.status, done.stderr) == (0, "")
    plans = json.loads(done.stdout)
    assert set(plans) == {"cnn", "mlp"}
    for plan in plans.values():
        assert {"parameters", "trainable", "layers"} <= set(plan)
        assert all({"name", "kind", "output_shape", "parameters"} <= set(layer) for layer in plan["layers"])
    assert [layer["name"] for layer in plans["cnn"]["layers"]] == ["conv", "pool", "flatten", "output"]
    assert plans["cnn"]["layers"][0]["output_shape"] == [296, 296, 10]
    assert (plans["cnn"]["parameters"], plans["mlp"]["parameters"]) == (219_801, 13_500_101)


def test_plan_prints_a_table_of_the_arithmetic(pixelproof: Program, article: Path) -> None:
    """Else a reader of the article would not see its formula with the numbers put in."""
    done = pixelproof(article, "plan", "--classes", "2")
    assert (done.status, done.stderr) == (0, "")
    for text in (
        "219,801 parameters",
        "(300 - 5 + 2*0)/1 + 1 = 296",
        "(5*5*3 + 1)*10 = 760",
        "296 x 296 x 10",
        "65,712,000",  # multiply-adds of the convolution
        "213.9",  # MiB of its outputs at 64 images
        "6 x 6",  # what an output of the pooling sees
        "219,801, 219,801 trainable",
    ):
        assert text in done.stdout


def test_plan_prints_what_an_mlp_would_hold_and_what_looks_wrong(pixelproof: Program, article: Path) -> None:
    """Else the article's question would stay open, and a network that is nearly all dense would look like any."""
    shown = pixelproof(article, "plan", "--classes", "2").stdout
    for text in ("270,001", "13,500,101", "27,000,201", "none fits"):
        assert text in shown
    words = " ".join(shown.split())
    assert "cnn: output holds 219,041 of the 219,801 parameters." in words
    assert "cnn: each output of pool, the last conv or pool layer, sees 6 x 6 of the image's 300 x 300 pixels" in words


def test_plan_gives_the_same_as_json(pixelproof: Program, article: Path) -> None:
    """Else scripts would not learn what people read."""
    plans = json.loads(pixelproof(article, "plan", "--json", "--classes", "2").stdout)
    assert [len(plan["warnings"]) for plan in plans.values()] == [2, 0]
    assert plans["mlp"]["budgets"][0] == {"what": "no hidden layer", "hidden": [], "parameters": 270_001}
    convolution = plans["cnn"]["layers"][0]
    assert convolution["inputs"] == ["input"]
    assert convolution["receptive_field"] == [5, 5]
    assert convolution["activation_bytes"] == 296 * 296 * 10 * 4


def test_plan_warns_of_too_few_photos_by_the_reports(pixelproof: Program, tmp_path: Path) -> None:
    """Else nobody would see, before the training, that a network can learn its few photos by heart."""
    write_params(tmp_path / "params.yaml")
    (tmp_path / "reports").mkdir()
    report = {"source": "data/raw/digits", "classes": {"1": 25, "2": 25}}
    (tmp_path / "reports/ingest.json").write_text(json.dumps(report), "utf-8")
    words = " ".join(pixelproof(tmp_path, "plan").stdout.split())
    assert "mlp: 78,601 parameters are trained on 35 photos with 27,440 pixel values in all" in words


def test_plan_takes_the_number_of_classes(pixelproof: Program, tmp_path: Path) -> None:
    """Else a network could not be planned before its photos are there."""
    write_params(tmp_path / "params.yaml")
    done = pixelproof(tmp_path, "plan", "--json", "--classes", "7")
    assert {model: plan["layers"][-1]["output_shape"] for model, plan in json.loads(done.stdout).items()} == {
        "cnn": [7],
        "mlp": [7],
    }


def test_plan_takes_the_classes_of_the_last_ingest_of_the_same_source(pixelproof: Program, article: Path) -> None:
    """Else the number would have to be given although the pipeline knows it."""
    assert "the number of classes is unknown" in said(pixelproof(article, "plan"))
    (article / "reports").mkdir()
    report = {"source": "data/raw/digits", "classes": {"cat": 9, "dog": 9}}
    (article / "reports/ingest.json").write_text(json.dumps(report), "utf-8")
    assert "219,801 parameters" in pixelproof(article, "plan").stdout


@pytest.mark.parametrize(
    ("changes", "arguments", "message"),
    [
        ({"cnn_head": "sigmod"}, (), "params.yaml: cnn.head: "),
        ({"cnn_filters": 3}, (), "params.yaml: cnn.filters: unknown key"),
        ({"resize_width_px": 3}, ("--classes", "2"), "cnn.layers.pool"),
        ({"cnn_head": "sigmoid"}, ("--classes", "3"), "cnn.head: sigmoid is for two classes"),
    ],
)
def test_a_mistake_in_the_params_ends_with_one_message(
    pixelproof: Program, tmp_path: Path, changes: dict[str, Any], arguments: tuple[str, ...], message: str
) -> None:
    """Else a user would be shown a traceback."""
    write_params(tmp_path / "params.yaml", **changes)
    assert message in said(pixelproof(tmp_path, "plan", *arguments))


def test_a_params_file_that_is_not_there_ends_with_one_message(tmp_path: Path) -> None:
    """Else running in the wrong folder would give a traceback."""
    assert said(installed(tmp_path, "plan")).startswith("error: params.yaml: No such file or directory.")


def test_fewer_than_two_classes_are_refused(pixelproof: Program, article: Path) -> None:
    """Else a network with nothing to tell apart would be planned."""
    done = pixelproof(article, "plan", "--classes", "1")
    assert done.status == 2
    assert "--classes" in done.stderr
    assert "Traceback" not in done.stderr
