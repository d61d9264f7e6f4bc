"""A run's name and description: from the params and Git when it begins, completed when it has been evaluated."""

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlflow.entities import Run
from mlflow.exceptions import MlflowException
from mlflow.protos.databricks_pb2 import RESOURCE_DOES_NOT_EXIST, ErrorCode
from mlflow.tracking import MlflowClient
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from pixelproof.tracking.description import opening, with_comparison
from pixelproof.tracking.naming import changes, run_name

NOTE = "mlflow.note.content"  # the tag that MLflow shows as a run's description, as Markdown
PARAMS = "params.yaml"


@dataclass(frozen=True)
class Introduction:
    """What a new run is called, and the tags that describe it."""

    name: str
    tags: Mapping[str, str]


def introduce(model: str, environment: Mapping[str, str] = os.environ) -> Introduction:
    """Name a training by what params.yaml, in the working folder, changes against the commit that it stands on."""
    experiment = environment.get("DVC_EXP_NAME", "")
    commit, before = _committed(environment.get("DVC_EXP_BASELINE_REV") or "HEAD")
    changed = changes(before, _mapping(Path(PARAMS).read_text("utf-8")), model) if commit else []
    name = run_name(model, changed, commit, experiment)
    return Introduction(name, {"model": model, NOTE: opening(model, changed, commit, experiment)})


def _committed(revision: str) -> tuple[str, Mapping[str, Any]]:
    """Return a commit's abbreviated hash and the content of its params.yaml; nothing where it has none."""
    commit, content = _git("rev-parse", "--short", revision).strip(), _mapping(_git("show", f"{revision}:./{PARAMS}"))
    return (commit, content) if content else ("", {})


def _mapping(text: str) -> Mapping[str, Any]:
    """Return the content of a params file; nothing if it is none, as an old commit's may be."""
    try:
        content = YAML(typ="safe").load(text)
    except YAMLError:
        return {}
    return content if isinstance(content, Mapping) else {}


def _git(*arguments: str) -> str:
    """Return what Git says; nothing where there is no Git, no repository or no commit."""
    try:
        done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    except OSError:
        return ""
    return done.stdout if done.returncode == 0 else ""


def describe_comparison(client: MlflowClient, run_ids: Mapping[str, str], comparison: str) -> None:
    """Put the comparison (Markdown) of two models' runs into the description of each that the store has."""
    found = {model: run for model, run_id in run_ids.items() if (run := _find(client, run_id))}
    for model, run in found.items():
        partner = next((other for name, other in found.items() if name != model), None)
        if partner is None:
            continue
        address = f"#/experiments/{partner.info.experiment_id}/runs/{partner.info.run_id}"
        described = with_comparison(run.data.tags.get(NOTE, ""), comparison, str(partner.info.run_name), address)
        client.set_tag(run.info.run_id, NOTE, described)


def _find(client: MlflowClient, run_id: str) -> Run | None:
    try:
        return client.get_run(run_id)
    except MlflowException as error:
        if error.error_code != ErrorCode.Name(RESOURCE_DOES_NOT_EXIST):
            raise
        return None
