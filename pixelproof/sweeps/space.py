"""A sweep's search space: the schema of its file, its loader, and the check of every key against params.yaml."""

import json
from collections.abc import Mapping
from copy import deepcopy
from decimal import Decimal
from difflib import get_close_matches
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import Field, JsonValue, ValidationError, model_validator

from pixelproof.errors import UserError
from pixelproof.mistakes import explain
from pixelproof.params.section import PARAMS, Positive, Section, read_yaml
from pixelproof.params.whole import Params

COMPARABLE = ("resize", "augment", "train")  # sections that change neither the photos nor their parts
USER_NAMED = ("layers", "transforms")  # mappings whose keys the user chooses


class Range(Section):
    """The values of one key: `{float: [low, high]}`, `{int: [low, high]}`, or `{choice: [...]}`; ends included."""

    floats: Annotated[list[float], Field(min_length=2, max_length=2)] | None = Field(None, alias="float")
    ints: Annotated[list[int], Field(min_length=2, max_length=2)] | None = Field(None, alias="int")
    choice: Annotated[list[JsonValue], Field(min_length=1)] | None = None
    log: bool = False  # sampled on a logarithmic scale
    step: Annotated[float, Field(gt=0)] | None = None

    @model_validator(mode="after")
    def is_one_range(self) -> Self:
        given = [kind for kind in (self.floats, self.ints, self.choice) if kind is not None]
        if len(given) != 1:
            raise ValueError("give exactly one of `float: [low, high]`, `int: [low, high]` and `choice: [...]`")
        if self.choice is not None and (self.log or self.step):
            raise ValueError("`log` and `step` belong to `float` and `int`, not to `choice`")
        if self.choice is not None and len({json.dumps(value) for value in self.choice}) < len(self.choice):
            raise ValueError(f"each choice must be given once, got {self.choice}")
        if self.choice is None and not given[0][0] < given[0][1]:  # type: ignore[operator]  # numbers, for no choice
            raise ValueError(f"the first number must be below the second, got {given[0]}")
        if self.log and (self.step or given[0][0] <= 0):  # type: ignore[operator]  # likewise
            raise ValueError("`log` needs numbers above 0, and no `step`")
        if self.step and not self.steps_to_the_end():
            raise ValueError(f"steps of {self.step:g} do not lead from {given[0][0]} to {given[0][1]}")
        if self.ints and self.step and not self.step.is_integer():
            raise ValueError(f"the step of an `int` must be a whole number, got {self.step:g}")
        return self

    def steps_to_the_end(self) -> bool:
        low, high, step = (Decimal(str(number)) for number in (*self.ends, self.step))
        return (high - low) % step == 0

    def grid(self) -> list[Any]:
        """Every value of a finite range, as decimals: 0.3, not 0.1 + 2 * 0.1."""
        if self.choice is not None:
            return list(self.choice)
        low, high, step = (Decimal(str(number)) for number in (*self.ends, self.step or 1))
        kind = int if self.ints else float
        return [kind(low + step * number) for number in range(int((high - low) / step) + 1)]

    @property
    def ends(self) -> list[Any]:
        """The values to check against the schema: if these are allowed, so are all others."""
        return list(self.choice or self.ints or self.floats or [])


class Sampler(Section):
    kind: Literal["tpe", "random", "grid"]
    seed: Annotated[int, Field(ge=0, lt=2**31)]


class Pruner(Section):
    """Stops a trial early if its value at an epoch is worse than those of other trials at that epoch."""

    kind: Literal["median", "hyperband"]
    startup_trials: Annotated[int, Field(ge=0)] = 5  # of `median`: no trial is stopped before this many have ended
    warmup_epochs: Annotated[int, Field(ge=0)] = 0  # no trial is stopped before


class Sweep(Section):
    """The content of a sweep's file."""

    model: Literal["cnn", "mlp"] = "cnn"
    metric: Literal["valid_accuracy", "valid_loss"] = "valid_accuracy"  # of the best epoch; never the test part's
    trials: Positive
    workers: Positive = 1
    storage: Annotated[str, Field(pattern=r"^\w+(\+\w+)?://")] | None = None  # None: a file beside the sweep's
    sampler: Sampler
    pruner: Pruner | None = None
    space: Annotated[dict[str, Range], Field(min_length=1)]

    @property
    def direction(self) -> Literal["maximize", "minimize"]:
        return "maximize" if self.metric == "valid_accuracy" else "minimize"

    @model_validator(mode="after")
    def has_a_finite_grid(self) -> Self:
        endless = [key for key, values in self.space.items() if values.floats and values.step is None]
        if self.sampler.kind == "grid" and endless:
            raise ValueError(f"the sampler `grid` needs a finite number of values: give space.{endless[0]} a `step`")
        return self


def load_sweep(path: Path, params: Path = PARAMS) -> Sweep:
    """Read a sweep's file and check it, and all its keys and values against the params file.

    Raises UserError that names every mistake in the file, or the first key that params.yaml does not accept.
    """
    content = read_yaml(path)
    try:
        sweep = Sweep.model_validate(content)
    except ValidationError as error:
        raise UserError(explain(error, Sweep, content, path)) from None
    base = read_yaml(params)
    for key, values in sweep.space.items():
        for value in values.ends:
            _check(key, value, sweep.model, base, path)
    return sweep


def _check(key: str, value: object, model: str, base: Mapping[str, Any], path: Path) -> None:
    changed = with_values(base, {key: value}, path)
    try:
        Params.model_validate(changed)
    except ValidationError as error:
        raise UserError(explain(error, Params, changed, path)) from None
    section = key.partition(".")[0]
    if section not in (model, *COMPARABLE):
        raise UserError(
            f"{path}: space.{key}: a sweep of train@{model} can vary {', '.join((model, *COMPARABLE))}; "
            f"{section} changes the photos that trials are compared on, or nothing. Remove the key."
        )


def with_values(base: Mapping[str, Any], values: Mapping[str, object], path: Path) -> Any:
    """Return a copy of `base`, the content of params.yaml, with `values` at their dotted keys.

    Raises UserError, naming the file at `path`, if a key leads to a layer that does not exist, or through a value.
    """
    content: Any = deepcopy(base)
    for key, value in values.items():
        *parents, last = key.split(".")
        at = content
        for depth, part in enumerate(parents):
            if part not in at and depth and parents[depth - 1] in USER_NAMED:
                raise UserError(f"{path}: space.{key}: {PARAMS} has no {part!r} there{_known(part, list(at))}")
            at = at.setdefault(part, {})
            if not isinstance(at, dict):
                raise UserError(f"{path}: space.{key}: {'.'.join(parents[: depth + 1])} is {at!r}, which has no keys.")
        at[last] = value
    return content


def _known(name: str, known: list[str]) -> str:
    close = get_close_matches(name, known, n=1)
    return f" (did you mean {close[0]!r}?). It has: {', '.join(known)}." if close else f". It has: {', '.join(known)}."
