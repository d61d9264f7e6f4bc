"""Names by which a person tells runs apart at a glance."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixelproof.tracking.run.naming import LONGEST_NAME, Change, changes, run_name, written

BEFORE: dict[str, Any] = {
    "seed": 7,
    "ingest": {"source": "data/raw/digits"},
    "cnn": {
        "layers": {"conv1": {"kind": "conv", "filters": 16}, "pool1": {"kind": "max_pool"}},
        "learning_rate": 0.004,
        "schedule": {"kind": "cosine"},
    },
    "mlp": {"hidden": [100]},
    "train": {"epochs": 60},
    "evaluate": {"confidence": 0.95},
}


def edited(**sections: Any) -> dict[str, Any]:
    return {**BEFORE, **sections}


def cnn(**keys: Any) -> dict[str, Any]:
    return edited(cnn={**BEFORE["cnn"], **keys})


def name(now: dict[str, Any], model: str = "cnn", experiment: str = "") -> str:
    return run_name(model, changes(BEFORE, now, model), "3f2a1b9", experiment)


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        (BEFORE, "cnn · as committed (3f2a1b9)"),
        (cnn(learning_rate=0.01), "cnn · learning_rate=0.01"),
        (cnn(layers={**BEFORE["cnn"]["layers"], "conv1": {"kind": "conv", "filters": 32}}), "cnn · conv1.filters=32"),
        (cnn(layers={**BEFORE["cnn"]["layers"], "drop": {"kind": "dropout", "rate": 0.5}}), "cnn · +drop"),
        (cnn(layers={"conv1": BEFORE["cnn"]["layers"]["conv1"]}), "cnn · -pool1"),
        (cnn(layers=dict(reversed(BEFORE["cnn"]["layers"].items()))), "cnn · layers (order)"),
        (cnn(schedule=None), "cnn · -schedule"),
        (cnn(average_mirrored=True), "cnn · average_mirrored=true"),
        (edited(seed=8, train={"epochs": 3}), "cnn · train.epochs=3, seed=8"),
        (edited(ingest={"source": "photos"}), "cnn · ingest.source=photos"),
        (edited(mlp={"hidden": [200]}, evaluate={"confidence": 0.9}), "cnn · as committed (3f2a1b9)"),
    ],
)
def test_a_name_says_what_differs_for_this_model(now: dict[str, Any], expected: str) -> None:
    """Else a table of runs would be a column of equal names, or name what the run does not depend on."""
    assert name(now) == expected


def test_each_model_is_named_by_its_own_params() -> None:
    """A change of the CNN changes nothing about the MLP."""
    assert name(edited(mlp={"hidden": [200, 50]}), "mlp") == "mlp · hidden=[200, 50]"
    assert name(cnn(learning_rate=1), "mlp") == "mlp · as committed (3f2a1b9)"


def test_an_experiment_is_named() -> None:
    """`dvc exp run --name wide` is how its user calls it."""
    assert name(cnn(learning_rate=0.01), experiment="wide") == "cnn · wide · learning_rate=0.01"


def test_without_a_commit_there_is_nothing_to_differ_from() -> None:
    """A folder that is no repository can be trained in, too."""
    assert run_name("cnn", [], "") == "cnn"


def test_many_changes_are_counted() -> None:
    """A whole preset copied over params.yaml changes dozens of keys."""
    many = [Change(f"cnn.layers.conv{number}.filters", 16, 32) for number in range(12)]
    assert name_of(many) == "cnn · conv0.filters=32, conv1.filters=32, conv2.filters=32 and 9 more"


def name_of(changed: list[Change]) -> str:
    return run_name("cnn", changed, "3f2a1b9")


scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=200)
mappings = st.recursive(scalars, lambda inner: st.dictionaries(st.text(min_size=1), inner, max_size=4), max_leaves=12)
sections = st.dictionaries(st.sampled_from(["cnn", "mlp", "train", "augment", "seed"]), mappings)


@given(sections, sections, st.text(max_size=200))
def test_any_two_files_have_a_name_of_bounded_length(before: Any, now: Any, experiment: str) -> None:
    """A name that fills the screen hides the columns; an error would stop a training for the sake of its name."""
    found = run_name("cnn", changes(before, now, "cnn"), "3f2a1b9", experiment)
    assert found.startswith("cnn")
    assert len(found) <= LONGEST_NAME


@given(sections)
def test_equal_files_do_not_differ(params: Any) -> None:
    """Else a run of the very commit would claim changes."""
    assert changes(params, params, "cnn") == []


def test_values_are_written_as_params_yaml_has_them() -> None:
    """So that they can be copied from the name into `-S`."""
    assert written({"kind": "sgd", "nesterov": True, "to": [0.1, 2]}) == "{kind: sgd, nesterov: true, to: [0.1, 2]}"


def test_an_address_is_named_without_its_password() -> None:
    """Names and descriptions are seen by everyone; the password of a download is the user's alone."""
    before, now = ({"fetch": {"dataset": "url", "url": f"https://ada:{word}@host/a.zip"}} for word in ("old", "1234"))
    assert run_name("cnn", changes(before, now, "cnn"), "3f2a1b9") == "cnn · fetch.url=https://host/a.zip"
