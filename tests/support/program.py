"""The program `pixelproof`, run as a person runs it."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML

from tests.support.imports import ROOT

PROGRAM = Path(sys.executable).with_name("pixelproof")


class Done(NamedTuple):
    """How a run of the program ended."""

    status: int
    stdout: str
    stderr: str


Program = Callable[..., Done]


def installed(folder: Path, *arguments: str) -> Done:
    """Run the program as it is installed, in a process of its own."""
    done = subprocess.run([PROGRAM, *arguments], cwd=folder, capture_output=True, text=True, check=False)
    return Done(done.returncode, done.stdout, done.stderr)


def said(done: Done) -> str:
    """Return the one message of a program that has refused something."""
    assert done.status == 1
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    assert done.stderr.startswith("error: ")
    return done.stderr


def write_params(path: Path, **changes: Any) -> Path:
    """Write the project's params with other values; `cnn_head="sigmoid"` stands for cnn.head."""
    params = YAML(typ="safe").load((ROOT / "params.yaml").read_text("utf-8"))
    for name, value in changes.items():
        section, _, key = name.partition("_")
        params[section][key] = value
    with path.open("w", encoding="utf-8") as file:
        YAML().dump(params, file)
    return path
