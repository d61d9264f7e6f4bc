"""Params files with mistakes in them, and what is said of them."""

import json
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from pixelproof.errors import UserError
from pixelproof.params.whole import load_params

ROOT = Path(__file__).parents[2]
GONE = object()  # stands for "leave this key out"


def good() -> dict[str, Any]:
    """Return the content of the real params.yaml, with layers and transforms that these tests know."""
    content: dict[str, Any] = YAML(typ="safe").load((ROOT / "params.yaml").read_text("utf-8"))
    content["augment"]["transforms"] = {"move": {"kind": "Affine", "rotate": [-12, 12], "p": 1.0}}
    content["cnn"]["layers"] = {
        "conv1": {"kind": "conv", "filters": 16, "kernel": 3},
        "relu1": {"kind": "activation", "activation": "relu"},
        "pool1": {"kind": "max_pool", "size": 2},
        "flatten": {"kind": "flatten"},
    }
    content["train"]["early_stopping"] = {"monitor": "valid_loss", "patience_epochs": 8}
    return content


def changed(*changes: tuple[str, object]) -> dict[str, Any]:
    """Return good content with the values at dotted keys replaced, added, or `GONE`."""
    content = good()
    for where, value in changes:
        *sections, key = where.split(".")
        at = content
        for section in sections:
            at = at[section]
        if value is GONE:
            del at[key]
        else:
            at[key] = value
    return content


def complaint(content: object, folder: Path) -> str:
    """Write the content to a file, load that, and return the message, which names the file in each line."""
    path = folder / "settings.yaml"
    path.write_text(json.dumps(content), "utf-8")  # JSON is YAML
    return complaint_about(path)


def complaint_about(path: Path) -> str:
    with pytest.raises(UserError) as refused:
        load_params(path)
    lines = str(refused.value).splitlines()
    assert all(line.startswith(f"{path}: ") for line in lines)
    return "\n".join(line.removeprefix(f"{path}: ") for line in lines)
