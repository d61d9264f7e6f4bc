"""A new run's name and description, from params.yaml as it is and as Git has it."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pixelproof.repository import git
from pixelproof.tracking.run.credentials import without_credentials
from pixelproof.tracking.run.description import NOTE, opening
from pixelproof.tracking.run.naming import changes, run_name
from pixelproof.tracking.run.record import flatten

PARAMS = "params.yaml"
SOURCE = ("fetch.dataset", "fetch.url", "fetch.sha256", "ingest.source")


@dataclass(frozen=True)
class NewRunDescription:
    """What a new run is called, the tags that describe it, and the params that say where its photos come from."""

    name: str
    tags: Mapping[str, str]
    source: Mapping[str, str]


def describe_new_run(model: str, environment: Mapping[str, str] = os.environ) -> NewRunDescription:
    """Name a training run by what params.yaml, in the working folder, changes against the commit that it stands on."""
    experiment = environment.get("DVC_EXP_NAME", "")
    commit, before = _committed(environment.get("DVC_EXP_BASELINE_REV") or "HEAD")
    params = _mapping(Path(PARAMS).read_text("utf-8"))
    changed = changes(before, params, model) if commit else []
    name = run_name(model, changed, commit, experiment)
    tags = {"model": model, NOTE: opening(model, changed, commit, experiment)}
    return NewRunDescription(name, tags, _source(flatten(params)))


def _source(params: Mapping[str, Any]) -> dict[str, str]:
    """Return where the photos come from, without a password that an address may have."""
    return {key: without_credentials(str(params[key])) for key in SOURCE if key in params}


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
