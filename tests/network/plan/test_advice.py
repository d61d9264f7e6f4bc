import json
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pixelproof.network.plan.advice import mlp_budgets, training_photos, warnings, widest_hidden
from pixelproof.network.plan.plan import plan_cnn, plan_mlp
from pixelproof.params.cnn import Cnn
from pixelproof.params.mlp import Mlp
from pixelproof.params.whole import Params
from tests.support.imports import ROOT

FLATTEN = {"kind": "flatten"}
AVERAGE = {"kind": "global_average_pool"}


def conv(filters: int = 4, kernel: int = 3) -> dict[str, Any]:
    return {"kind": "conv", "filters": filters, "kernel": kernel}


def said(photos: int | None = None, side: int = 9, **layers: Any) -> str:
    """Return the warnings about a network on grey images."""
    cnn = Cnn.model_validate({"layers": layers, "head": "softmax", "learning_rate": 0.01})
    return "\n".join(warnings(plan_cnn(cnn, (side, side, 1), 2), photos))


def test_a_network_that_is_well_made_is_not_warned_of() -> None:
    """Else warnings would be noise that nobody reads."""
    assert said(1000, conv1=conv(kernel=5), conv2=conv(kernel=5), average=AVERAGE) == ""


def test_more_parameters_than_training_pixels_are_warned_of() -> None:
    """Else nobody would see that a network can learn its photos by heart."""
    layers = {"conv1": conv(kernel=9), "average": AVERAGE}
    assert said(4, **layers).startswith("338 parameters are trained on 4 photos with 324 pixel values in all")
    assert said(5, **layers) == said(None, **layers) == ""


def test_a_dense_layer_with_nearly_all_parameters_is_warned_of() -> None:
    """Else a CNN that is an MLP in all but name would go unnoticed: 95 percent and more."""
    assert "output holds 802 of the 842 parameters. Pool more" in said(None, 12, conv1=conv(), flatten=FLATTEN)
    assert "output holds" not in said(None, 11, conv1=conv(), flatten=FLATTEN)  # 650 of 690


def test_a_short_sighted_network_is_warned_of_with_the_layers_name() -> None:
    """Else filters that see 5 pixels of 300 would be trusted with whole shapes."""
    words = said(None, 30, conv1=conv(), conv2=conv(), relu={"kind": "activation", "activation": "relu"}, all=AVERAGE)
    assert words.startswith("each output of conv2, the last conv or pool layer, sees 5 x 5 of the image's 30 x 30")


def test_an_mlp_is_not_warned_of_for_being_dense_and_seeing_all() -> None:
    """Else the baseline would be blamed for what it is."""
    mlp = Mlp(hidden=[5], activation="relu", l2=0.0, learning_rate=0.1)
    assert warnings(plan_mlp(mlp, (9, 9, 1), 2), None) == []
    assert "memorise" in warnings(plan_mlp(mlp, (9, 9, 1), 2), 4)[0]


@pytest.mark.parametrize("limit", [0, 10, 270_002, 270_003, 540_004, 540_005, 13_500_101])
@pytest.mark.parametrize(("features", "classes"), [(270_000, 2), (784, 10)])
def test_the_widest_mlp_within_a_budget_uses_it_up(limit: int, features: int, classes: int) -> None:
    """Else the MLP of the CNN's budget would be larger than it, or smaller than need be."""
    mlp = Mlp(hidden=[], activation="relu", l2=0.0, learning_rate=0.1)

    def parameters(width: int) -> int:
        return plan_mlp(mlp.model_copy(update={"hidden": [width]}), (features,), classes).parameters

    width = widest_hidden(limit, features, classes)
    assert width == 0 or parameters(width) <= limit
    assert parameters(width + 1) > limit


def settings(**split: Any) -> Params:
    content = YAML(typ="safe").load((ROOT / "params.yaml").read_text("utf-8"))
    content["split"].update(split)
    return Params.model_validate(content)


def test_budgets_say_what_mlps_hold() -> None:
    """Else the article's open question would stay open: how many parameters would an MLP have?"""
    budgets = mlp_budgets(settings(), 10)
    assert [(budget.hidden, budget.parameters) for budget in budgets] == [
        ((), 7_850),
        ((50,), 39_760),
        ((100,), 79_510),
        ([100], 79_510),
        ((36,), 28_630),
    ]


@pytest.fixture
def reports(tmp_path: Path) -> tuple[Path, Path]:
    """Reports of an ingest that accepted 100 photos, and of a split of them."""
    ingest, split = tmp_path / "ingest.json", tmp_path / "split.json"
    ingest.write_text(json.dumps({"source": "data/raw/digits", "classes": {"a": 60, "b": 40}}), "utf-8")
    split.write_text(json.dumps({"photos": {"train": 77, "valid": 13, "test": 10}}), "utf-8")
    return ingest, split


def test_the_split_tells_the_training_photos_else_the_shares_do(reports: tuple[Path, Path]) -> None:
    """Else the warning about too little data would count photos that are not trained on."""
    ingest, split = reports
    assert training_photos(settings(), ingest, split) == 77
    assert training_photos(settings(), ingest) == 70
    assert training_photos(settings(folds=5, fold=1), ingest) == 60


def test_a_split_of_other_photos_does_not_count(reports: tuple[Path, Path]) -> None:
    """Else the report of an earlier data set would be believed."""
    ingest, split = reports
    split.write_text(json.dumps({"photos": {"train": 5, "valid": 1, "test": 1}}), "utf-8")
    assert training_photos(settings(), ingest, split) == 70


def test_what_no_report_tells_is_not_guessed(reports: tuple[Path, Path], tmp_path: Path) -> None:
    """Else a warning would rest on a number that nobody counted."""
    ingest, _ = reports
    assert training_photos(settings(), tmp_path / "none.json") is None
    assert training_photos(settings(method="given"), ingest) is None
    ingest.write_text(json.dumps({"source": "others", "classes": {"a": 60, "b": 40}}), "utf-8")
    assert training_photos(settings(), ingest) is None
