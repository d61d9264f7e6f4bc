"""A new run's name and description, from params.yaml as it is and as Git has it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pixelproof.repository import git
from pixelproof.tracking.run.description import NOTE, opening
from pixelproof.tracking.run.naming import changes, run_name

PARAMS = "params.yaml"


@dataclass(frozen=True)
class NewRunDescription:
    """What a new run is called, and the tags that describe it."""

    name: str
    tags: Mapping[str, str]


def describe_new_run(model: str, environment: Mapping[str, str] = os.environ) -> NewRunDescription:
    """Name a training run by what params.yaml, in the working folder, changes against the commit that it stands on."""
    experiment = environment.get("DVC_EXP_NAME", "")
    commit, before = _committed(environment.get("DVC_EXP_BASELINE_REV") or "HEAD")
    changed = changes(before, _mapping(Path(PARAMS).read_text("utf-8")), model) if commit else []
    name = run_name(model, changed, commit, experiment)
    return NewRunDescription(name, {"model": model, NOTE: opening(model, changed, commit, experiment)})


def _committed(revision: str) -> tuple[str, Mapping[str, Any]]:
    """Return a commit's abbreviated hash and the content of its params.yaml; nothing where it has none."""
    commit, (text,) = git.ask("rev-parse", "--short", revision), git.contents([f"{revision}:./{PARAMS}"])
    content = _mapping(text)
    return (commit, content) if content else ("", {})


def _mapping(text: str) -> Mapping[str, Any]:
    """Return the content of a params file; nothing if it is not valid, as an old commit's may be."""
    try:
        content = YAML(typ="safe").load(text)
    except YAMLError:
        return {}
    return content if isinstance(content, Mapping) else {}
