"""docs/training.md describes every key of the recipe, and what it shows is accepted."""

import re
from typing import Any, get_args

import pytest
from ruamel.yaml import YAML

from pixelproof.params.cnn import Cnn
from pixelproof.params.recipe import Optimizer, Schedule
from pixelproof.params.whole import Params
from tests.support.imports import ROOT

PAGE = (ROOT / "docs/training.md").read_text("utf-8").split("## The recipe")[1]
ARCHITECTURE = {"layers", "head", "learning_rate", "backbone"}
KINDS = {get_args(kind.model_fields["kind"].annotation)[0]: kind for kind in get_args(get_args(Optimizer)[0])}
SCHEDULES = {get_args(kind.model_fields["kind"].annotation)[0]: kind for kind in get_args(get_args(Schedule)[0])}


def row(name: str) -> str:
    return next(line for line in PAGE.splitlines() if line.startswith(f"| `{name}` |"))


@pytest.mark.parametrize("key", sorted(set(Cnn.model_fields) - ARCHITECTURE))
def test_every_key_of_the_recipe_is_described(key: str) -> None:
    """A key that no page describes might as well not exist."""
    assert len(row(key)) > 60


@pytest.mark.parametrize("kind", KINDS | SCHEDULES)
def test_every_kind_is_described_with_its_options_and_their_values(kind: str) -> None:
    """Else a reader would believe in another option, or another value where it is left out."""
    section = (KINDS | SCHEDULES)[kind]
    described = dict(re.findall(r"`(\w+)(?:: ([^`]+))?`", row(kind).split("|")[2]))
    assert set(described) == set(section.model_fields) - {"kind"}
    for key, value in described.items():
        if value:
            assert YAML(typ="safe").load(value) == section.model_fields[key].default


def test_the_example_is_accepted() -> None:
    """Else a reader would copy what is refused."""
    content: Any = YAML(typ="safe").load((ROOT / "params.yaml").read_text("utf-8"))
    example: Any = YAML(typ="safe").load(re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)[0])
    for section, keys in example.items():
        content[section] |= keys
    assert Params.model_validate(content).cnn.average_weights == 0.995


def test_the_options_of_find_lr_are_the_programs() -> None:
    """Else a reader would type what the program does not know."""
    import inspect

    from pixelproof.cli.networks import find_learning_rate

    defaults = {name: each.default for name, each in inspect.signature(find_learning_rate).parameters.items()}
    shown = dict(re.findall(r"--(steps|low|high) (\S+)", PAGE))
    assert {name: float(value) for name, value in shown.items()} == {name: defaults[name] for name in shown}
    assert set(shown) == {"steps", "low", "high"}
