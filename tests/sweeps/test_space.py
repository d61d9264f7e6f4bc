"""A sweep's file is checked as a whole, and against params.yaml, before anything runs."""

import json
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from pixelproof.errors import UserError
from pixelproof.params.section import PARAMS, read_yaml
from pixelproof.sweeps.space import Sweep, load_sweep, with_values
from tests.support.imports import ROOT

PARAMS_FILE = ROOT / PARAMS
BASE = read_yaml(PARAMS_FILE)
RATE = {"float": [0.001, 0.1]}


def sweep(tmp_path: Path, space: dict[str, Any], **keys: Any) -> Sweep:
    """Write a sweep's file and load it."""
    path = tmp_path / "search.yaml"
    content = {"trials": 3, "sampler": {"kind": "random", "seed": 1}, "space": space, **keys}
    with path.open("w") as file:
        YAML().dump(content, file)
    return load_sweep(path, PARAMS_FILE)


def test_the_example_fits_the_params() -> None:
    """Else the first thing that a user tries would be an error."""
    assert load_sweep(ROOT / "sweeps/example.yaml", PARAMS_FILE).metric == "valid_accuracy"


def test_the_metric_decides_the_direction(tmp_path: Path) -> None:
    """Else the worst loss would be called the best."""
    assert sweep(tmp_path, {"cnn.learning_rate": RATE}).direction == "maximize"
    assert sweep(tmp_path, {"cnn.learning_rate": RATE}, metric="valid_loss").direction == "minimize"


@pytest.mark.parametrize(
    ("space", "words"),
    [
        ({"cnn.learning_rat": RATE}, "cnn.learning_rat: unknown key (did you mean 'learning_rate'?)"),
        ({"ccn.learning_rate": RATE}, "ccn: unknown key (did you mean 'cnn'?)"),
        ({"cnn.layers.conv9.filters": {"int": [8, 16]}}, "has no 'conv9' there (did you mean 'conv"),
        ({"cnn.layers.conv1.filter": {"int": [8, 16]}}, "(did you mean 'filters'?)"),
        ({"cnn.learning_rate.x": RATE}, "cnn.learning_rate is 0.004, which has no keys"),
        ({"cnn.layers.drop.rate": {"float": [0.1, 1.5]}}, "cnn.layers.drop.rate: input should be less than 1, got 1.5"),
        ({"train.batch_size": {"float": [8.0, 16.5]}}, "train.batch_size: input should be a valid integer"),
        ({"cnn.head": {"choice": ["softmax", "softmin"]}}, "got 'softmin'"),
        ({"split.test_share": {"float": [0.1, 0.2]}}, "space.split.test_share"),
        ({"seed": {"int": [1, 9]}}, "space.seed"),
        ({"mlp.learning_rate": RATE}, "a sweep of train@cnn can vary cnn, resize, augment, train"),
        ({"cnn.learning_rate": {**RATE, "int": [1, 2]}}, "give exactly one of"),
        ({"cnn.learning_rate": {}}, "give exactly one of"),
        ({"cnn.learning_rate": {"float": [0.1, 0.001]}}, "the first number must be below the second"),
        ({"cnn.learning_rate": {"float": [0, 0.1], "log": True}}, "`log` needs numbers above 0"),
        ({"train.batch_size": {"int": [8, 16], "step": 0.5}}, "the step of an `int` must be a whole number, got 0.5"),
        ({"train.batch_size": {"int": [8, 16], "step": 3}}, "steps of 3 do not lead from 8 to 16"),
        ({"cnn.learning_rate": {"floats": [0.1, 0.2]}}, "(did you mean 'float'?)"),
        ({}, "space"),
    ],
)
def test_a_mistake_names_the_key_and_the_remedy(tmp_path: Path, space: dict[str, Any], words: str) -> None:
    """Else it would show after the first training, or never, as a sweep over nothing."""
    with pytest.raises(UserError) as mistake:
        sweep(tmp_path, space)
    assert words in str(mistake.value)
    assert str(mistake.value).startswith(str(tmp_path / "search.yaml"))


def test_a_grid_must_end(tmp_path: Path) -> None:
    """Else `grid` would have to make up the values between two numbers."""
    with pytest.raises(UserError, match=r"give space\.cnn\.learning_rate a `step`"):
        sweep(tmp_path, {"cnn.learning_rate": RATE}, sampler={"kind": "grid", "seed": 1})


def test_the_test_part_is_no_metric(tmp_path: Path) -> None:
    """Choosing by the test part would make its accuracy a lie."""
    with pytest.raises(UserError, match="metric"):
        sweep(tmp_path, {"cnn.learning_rate": RATE}, metric="test_accuracy")


@given(
    st.sampled_from(["seed", "cnn.learning_rate", "cnn.layers.conv1.filters", "cnn.new.section", "mlp.hidden"]),
    st.one_of(st.integers(), st.floats(allow_nan=False), st.text(), st.lists(st.integers())),
)
def test_one_value_changes_and_nothing_else(key: str, value: object) -> None:
    """Else a trial would train something that its record does not say, or change what the next one begins from."""
    before = deepcopy(BASE)
    changed = with_values(BASE, {key: value}, Path("search.yaml"))
    assert before == BASE
    *parents, last = key.split(".")
    at, old = changed, before
    for part in parents:
        at, old = at[part], old.get(part, {})
    assert at.pop(last) == value
    if last in old:
        at[last] = old[last]
    if key == "cnn.new.section":
        del changed["cnn"]["new"]
    assert json.dumps(changed, sort_keys=True) == json.dumps(before, sort_keys=True)
