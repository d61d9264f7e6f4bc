"""Stands in for stages that would train or load TensorFlow: each writes a hash of all that dvc.yaml says it depends on.

`replace_heavy_stages` copies this file into a project, where DVC runs it; it imports nothing of the tests.
"""

import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML


def replace_stages(root: Path, stages: list[str]) -> None:
    """Let stages such as `train@cnn` of the project in `root` only write hashes."""
    (root / "stages/stand_in.py").write_text(Path(__file__).read_text("utf-8"), encoding="utf-8")
    for stage in stages:
        call = f"from stages.stand_in import stand_in\n\nstand_in({stage!r})\n"
        (root / "stages" / f"{stage.replace('@', '_')}.py").write_text(call, encoding="utf-8")


def stand_in(stage: str) -> None:
    name, _, model = stage.partition("@")
    content = Path("dvc.yaml").read_text("utf-8").replace("${item.model}", model)
    definition = YAML(typ="safe").load(content)["stages"][name]
    read = {"deps": dict(hashes(definition["deps"])), "params": values(definition.get("params", []))}
    digest = hashlib.sha256(json.dumps(read, sort_keys=True).encode()).hexdigest()
    for output in paths([*definition.get("outs", []), *definition.get("metrics", [])]):
        file = output if output.suffix else output / "hash.json"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(json.dumps({"stage": stage, "sha256": digest}), encoding="utf-8")
    sys.stdout.write(f"{stage}: {digest}\n")


def paths(entries: list[Any]) -> Iterator[Path]:
    """Yield the paths of outputs or dependencies, some of which have options."""
    for entry in entries:
        yield Path(next(iter(entry)) if isinstance(entry, dict) else entry)


def hashes(dependencies: list[Any]) -> Iterator[tuple[str, str]]:
    for dependency in paths(dependencies):
        assert dependency.exists(), dependency
        for path in [dependency, *sorted(dependency.rglob("*"))]:
            if path.is_file() and "__pycache__" not in path.parts:
                yield str(path), hashlib.sha256(path.read_bytes()).hexdigest()


def values(keys: list[str]) -> dict[str, Any]:
    """Return the values of params.yaml at dotted keys."""
    params = YAML(typ="safe").load(Path("params.yaml").read_text("utf-8"))
    found = {}
    for key in keys:
        value = params
        for part in key.split("."):
            value = value[part]
        found[key] = value
    return found
