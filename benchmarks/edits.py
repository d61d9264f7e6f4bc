"""What an edit of params.yaml costs beside the training steps themselves: processor seconds of `dvc repro`.

    python -m benchmarks.edits [PROJECT ...]

Each PROJECT is a checkout of this repository (by default this one), so that two versions can be measured side by side.
A copy of it is run on the digits with few epochs; then one value is edited and `dvc repro` measured, with all
processes that it starts. The same edit with 1 and with 3 epochs tells what no epoch at all would cost.
"""

import argparse
import os
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

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


def shorten(params: Any, epochs: int) -> None:
    params["augment"]["views"] = 1
    params["train"]["epochs"] = epochs
    for model in ("cnn", "mlp"):
        params[model].pop("schedule", None)


def measure(copy: Copy, rounds: int) -> dict[str, float]:
    """Return processor seconds by what was done: an edit of each kind without its training steps, and no edit."""
    costs: dict[str, list[float]] = {}
    value = 1.0
    for edit, change in EDITS.items():
        for _ in range(rounds):
            seconds = {}
            for epochs in (1, 3):
                value += 1
                copy.edit(lambda params, epochs=epochs: shorten(params, epochs))
                copy.repro()
                copy.edit(lambda params, change=change, value=value: change(params, value))
                seconds[epochs] = copy.repro()
            costs.setdefault(edit, []).append(seconds[1] - (seconds[3] - seconds[1]) / 2)
    costs["nothing"] = [copy.repro() for _ in range(2 * rounds)]
    return {what: median(each) for what, each in costs.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("projects", nargs="*", type=Path, default=[Path(__file__).parents[1]])
    parser.add_argument("--rounds", type=int, default=2)
    arguments = parser.parse_args()
    title = "processor seconds of `dvc repro` after an edit, but for its training steps"
    table = Table("project", *EDITS, "nothing", title=title)
    for project in arguments.projects:
        with tempfile.TemporaryDirectory() as folder:
            costs = measure(Copy(project.resolve(), Path(folder)), arguments.rounds)
        table.add_row(str(project), *(f"{seconds:.1f}" for seconds in costs.values()))
    Console().print(table)


if __name__ == "__main__":
    main()
