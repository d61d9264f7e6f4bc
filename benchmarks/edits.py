"""The cost of an edit of params.yaml besides the training steps: processor seconds of `dvc repro`.

    python -m benchmarks.edits [PROJECT ...]

Each PROJECT is a checkout of this repository (by default this one), so that two versions can be measured side by side.
A copy of it runs on 60 small pictures for one epoch, so that the training steps cost next to nothing; then one value is
edited and `dvc repro` is measured, with all its processes. The projects take turns.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from rich.console import Console
from rich.table import Table
from ruamel.yaml import YAML

EDITS: dict[str, Callable[[Any, float], None]] = {
    "mlp.l2": lambda params, value: params["mlp"].update(l2=1e-4 * value),
    "cnn.learning_rate": lambda params, value: params["cnn"].update(learning_rate=1e-3 * value),
}


class Copy:
    """A copy of a checkout, in which the pipeline has run."""

    def __init__(self, project: Path, root: Path) -> None:
        self.root, self.python = root, project / ".venv/bin/python"
        names = subprocess.run(["git", "ls-files"], cwd=project, capture_output=True, text=True, check=True).stdout
        for name in names.splitlines():
            if (project / name).is_file() and not name.startswith(("tests/", "docs/", "dvc.lock")):
                (root / name).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(project / name, root / name)
        for command in ("git init -q", "git add -A", "git -c user.name=b -c user.email=b@b commit -qm start"):
            subprocess.run(command.split(), cwd=root, check=True)

    def edit(self, change: Callable[[Any], None]) -> None:
        yaml, path = YAML(), self.root / "params.yaml"
        yaml.width = 4096
        params = yaml.load(path.read_text("utf-8"))
        change(params)
        with path.open("w", encoding="utf-8") as file:
            yaml.dump(params, file)

    def repro(self) -> float:
        """Run `dvc repro`; return the processor seconds that it and its processes took."""
        path = f"{self.python.parent}{os.pathsep}{os.environ['PATH']}"
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run(
            [self.python, "-m", "dvc", "repro"],
            cwd=self.root,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(done.stdout + done.stderr)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def write_pictures(folder: Path) -> None:
    """Write 30 pictures of noise for each of two classes, 28 x 28 grey."""
    random = np.random.default_rng(0)
    for label in ("a", "b"):
        (folder / label).mkdir(parents=True)
        for number in range(30):
            pixels = random.integers(0, 256, (28, 28), dtype=np.uint8)
            Image.fromarray(pixels).save(folder / label / f"{number}.png")


def shorten(params: Any) -> None:
    params["fetch"]["dataset"] = "none"
    params["ingest"]["source"] = "pictures"
    params["augment"]["views"] = 1
    params["train"]["epochs"] = 1
    for model in ("cnn", "mlp"):
        params[model].pop("schedule", None)


def measure(copies: Mapping[str, Copy], rounds: int) -> dict[str, dict[str, float]]:
    """Return for each project the processor seconds by edit."""
    costs: dict[str, dict[str, list[float]]] = {name: {} for name in copies}
    for copy in copies.values():
        write_pictures(copy.root / "pictures")
        copy.edit(shorten)
        copy.repro()
    for number in range(rounds):
        for edit, change in EDITS.items():
            for name, copy in copies.items():
                copy.edit(lambda params, change=change, value=number + 2.0: change(params, value))
                costs[name].setdefault(edit, []).append(copy.repro())
        for name, copy in copies.items():
            costs[name].setdefault("nothing", []).append(copy.repro())
    return {name: {what: min(each) for what, each in own.items()} for name, own in costs.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("projects", nargs="*", type=Path, default=[Path(__file__).parents[1]])
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()
    title = "processor seconds of `dvc repro` after an edit, the least of the rounds"
    table = Table("project", *EDITS, "nothing", title=title)
    with tempfile.TemporaryDirectory() as folder:
        copies = {str(path): Copy(path.resolve(), Path(folder) / str(n)) for n, path in enumerate(arguments.projects)}
        for name, costs in measure(copies, arguments.rounds).items():
            table.add_row(name, *(f"{seconds:.1f}" for seconds in costs.values()))
    Console().print(table)


if __name__ == "__main__":
    main()
