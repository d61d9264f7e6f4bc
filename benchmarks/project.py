"""A separate project for a benchmark: this code, and the params of a preset with some keys changed."""

import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

ROOT = Path(__file__).parents[1]


def preset_path(preset: str) -> Path:
    """Return the params file of a preset; `digits` is params.yaml itself."""
    return ROOT / ("params.yaml" if preset == "digits" else f"presets/{preset}.yaml")


def write_project(project: Path, preset: str, changes: Mapping[str, Any]) -> None:
    """Fill the folder `project`. `changes` replace values of the preset, or the named keys of a section."""
    for part in ("pixelproof", "stages"):
        shutil.copytree(ROOT / part, project / part, ignore=shutil.ignore_patterns("__pycache__"))
    yaml = YAML()
    params = yaml.load(preset_path(preset).read_text("utf-8"))
    for name, change in changes.items():
        if isinstance(change, Mapping):
            params[name].update(change)
        else:
            params[name] = change
    with (project / "params.yaml").open("w", encoding="utf-8") as file:
        yaml.dump(params, file)
