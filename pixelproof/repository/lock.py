"""What a dvc.lock says: by stage, and by path, with DVC's hashes."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

LOCK = Path("dvc.lock")
# ruamel.yaml, with which DVC reads params.yaml, takes 0.2 s for a dvc.lock; fifty experiments have fifty of them.
LOADER = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # "Base": every value stays text, also a hash of digits only

Hashes = Mapping[str, str]  # DVC's hash by path; without what has none


@dataclass(frozen=True)
class LockedStage:
    """A stage as it last ran."""

    deps: Hashes
    outs: Hashes


def parse(text: str) -> dict[str, LockedStage]:
    """Return the stages in the text of a dvc.lock by name; none where it is not one, as after a merge gone wrong."""
    try:
        return {name: _stage(stage) for name, stage in yaml.load(text, LOADER)["stages"].items()}
    except (yaml.YAMLError, AttributeError, KeyError, TypeError):
        return {}


def parse_stage(text: str) -> LockedStage:
    """Return the stage that a file of DVC's run cache describes; one of nothing where it is not such a file."""
    try:
        return _stage(yaml.load(text, LOADER))
    except (yaml.YAMLError, AttributeError, KeyError, TypeError):
        return LockedStage({}, {})


def _stage(content: Mapping[str, Any]) -> LockedStage:
    return LockedStage(_hashes(content, "deps"), _hashes(content, "outs"))


def _hashes(stage: Mapping[str, Any], kind: str) -> Hashes:
    return {entry["path"]: entry["md5"] for entry in stage.get(kind) or [] if "md5" in entry}


def outputs(stages: Mapping[str, LockedStage]) -> dict[str, str]:
    """Return the hash of every output, by path."""
    return {path: md5 for stage in stages.values() for path, md5 in stage.outs.items()}


def hashes_of(paths: Iterable[str], lock: Path = LOCK) -> dict[str, str]:
    """Return the hashes of outputs in the file `lock`, by path; without those that it does not name."""
    known = outputs(parse(lock.read_text("utf-8"))) if lock.is_file() else {}
    return {path: known[path] for path in paths if path in known}


def made_from(stages: Mapping[str, LockedStage], name: str) -> set[tuple[str, str]]:
    """Return path and hash of all that the stage `name` was made from: what it read, and what that was made from.

    A dependency is followed only to a stage that has made this very content: what was trained again since, and not
    evaluated, is not among what the evaluation was made from.
    """
    makers = {entry: stage for stage in stages.values() for entry in stage.outs.items()}
    found: set[tuple[str, str]] = set()
    ahead = list(stages[name].deps.items()) if name in stages else []
    while ahead:
        entry = ahead.pop()
        if entry not in found:
            found.add(entry)
            ahead += makers[entry].deps.items() if entry in makers else []
    return found
