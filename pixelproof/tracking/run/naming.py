"""What a run is called: its model, its DVC experiment, and what its params change against the commit. Pure."""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from pixelproof.tracking.run.credentials import without_credentials

EXPERIMENT = "pixelproof"  # unless `train.experiment` or MLFLOW_EXPERIMENT_NAME says otherwise
SEPARATOR = " · "
LONGEST_NAME = 80  # characters: what a runs table shows without scrolling
LONGEST_EXPERIMENT = 24
LONGEST_VALUE = 24
LONGEST_NUMBER = 8  # what people write, such as 0.000125, stays as it is
DATA_SECTIONS = (
    "train",
    "augment",
    "resize",
    "split",
    "ingest",
    "fetch",
)  # what a training run depends on, and `seed`
ORDERED = ("layers", "transforms")  # mappings whose order changes what they mean


@dataclass(frozen=True)
class Change:
    """A key of params.yaml that differs; `before` or `now` is None where it is not there."""

    key: str  # dotted, as DVC names it; that of a whole section where one came or went
    before: Any
    now: Any


def changes(before: Mapping[str, Any], now: Mapping[str, Any], model: str) -> list[Change]:
    """Return what differs between the contents of two params files, of all that this model's training run follows from.

    The model's own params come first.
    """
    sections = (model, *DATA_SECTIONS, "seed")
    return [change for name in sections for change in _differing(name, before.get(name), now.get(name))]


def _differing(key: str, before: Any, now: Any) -> Iterator[Change]:
    if not (isinstance(before, Mapping) and isinstance(now, Mapping)):
        if before != now:
            yield Change(key, before, now)
        return
    for name in [*now, *(name for name in before if name not in now)]:
        yield from _differing(f"{key}.{name}", before.get(name), now.get(name))
    if key.rpartition(".")[2] in ORDERED and set(before) == set(now) and list(before) != list(now):
        yield Change(f"{key} (order)", list(before), list(now))


def run_name(model: str, changed: list[Change], commit: str, experiment: str = "") -> str:
    """Return a name of at most LONGEST_NAME characters, such as `cnn · wide · conv1.filters=32`.

    `commit` is what the changes are against, abbreviated; empty where there is none.
    """
    head = SEPARATOR.join(filter(None, [model, shortened(experiment, LONGEST_EXPERIMENT)]))
    if not commit:
        return head
    if not changed:
        return f"{head}{SEPARATOR}as committed ({commit})"
    return head + SEPARATOR + _listed([_phrase(change, model) for change in changed], LONGEST_NAME - len(head) - 3)


def _listed(phrases: list[str], room: int) -> str:
    """Return as many phrases as there is room for, and how many more there are."""
    for count in range(len(phrases), 0, -1):
        more = f" and {len(phrases) - count} more" if count < len(phrases) else ""
        text = ", ".join(phrases[:count]) + more
        if len(text) <= room:
            return text
    more = f" and {len(phrases) - 1} more" if len(phrases) > 1 else ""
    return shortened(phrases[0], room - len(more)) + more


def _phrase(change: Change, model: str) -> str:
    """Say a change in a few letters: `conv1.filters=32`, `+conv4` for a new section, `-schedule` for what is gone."""
    key = change.key.removeprefix(f"{model}.").removeprefix("layers.")
    if change.now is None:
        return f"-{key}"
    if isinstance(change.now, Mapping):
        return f"+{key}" if change.before is None else f"{key} changed"
    if key.endswith("(order)"):
        return key
    return f"{key}={shortened(_rounded(change.now), LONGEST_VALUE)}"


def _rounded(content: Any) -> str:
    """Return a value as it stands in a name: what a sweep has drawn has 17 digits, of which the first few matter."""
    whole = written(content)
    rounded = f"{content:.3g}" if isinstance(content, float) else whole
    return rounded if len(whole) > LONGEST_NUMBER else whole


def written(content: Any) -> str:
    """Return a value as params.yaml has it, on one line, and an address without its password."""
    if isinstance(content, Mapping):
        return "{" + ", ".join(f"{key}: {written(value)}" for key, value in content.items()) + "}"
    if isinstance(content, list):
        return "[" + ", ".join(written(value) for value in content) + "]"
    return str(content).lower() if isinstance(content, bool) else without_credentials(str(content))


def shortened(text: str, length: int) -> str:
    return text if len(text) <= length else text[: length - 1] + "…"


def experiment_name(chosen: str | None = None) -> str:
    """Return the experiment to log to: the environment's, else the one of params.yaml, else EXPERIMENT."""
    return os.environ.get("MLFLOW_EXPERIMENT_NAME") or chosen or EXPERIMENT
