"""A copy of the project with few small photos and the real params, shrunk: the whole pipeline in seconds."""

import hashlib
import re
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from pixelproof.tracking.store.moved import follow_folder
from tests.support.environment import environment
from tests.support.imports import ROOT
from tests.support.photos import write_photos

PARTS = (
    "pixelproof",
    "stages",
    ".dvc/config",
    ".dvc/.gitignore",
    ".dvc/plots",
    ".dvcignore",
    ".gitignore",
    "dvc.yaml",
    "params.yaml",
    "reports/experiments",
    "requirements.lock",
)
OUTPUTS = ("data", "models", "reports", "mlflow.db")
BEFORE_TRAINING = ("fetch", "ingest", "plan", "resize", "split", "augment")
STAGES = [  # in dvc.yaml's order
    *BEFORE_TRAINING,
    "train@cnn",
    "train@mlp",
    "predict_cnn",
    "predict_mlp",
    "evaluate",
    "explain",
    "page",
]


class Project:
    """A project folder of its own, with its own Git repository and DVC cache."""

    environment: Mapping[str, str] = {}  # what its programs see beside the tests' own environment

    def __init__(self, root: Path) -> None:
        self.root = root

    @classmethod
    def create(cls, root: Path) -> "Project":
        """Return a project as it is cloned: with the real params, and nothing that has run."""
        for part in PARTS:
            copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy2
            (root / part).parent.mkdir(parents=True, exist_ok=True)
            copy(ROOT / part, root / part)
        for command in ("git init --quiet", "git add .", "git -c user.name=t -c user.email=t@t commit -qm start"):
            subprocess.run(command.split(), cwd=root, check=True)
        return cls(root)

    @classmethod
    def tiny(cls, root: Path, source: str = "photos") -> "Project":
        """Return a project with 24 photos a class whose pipeline runs through in about a minute."""
        project = cls.create(root)
        write_photos(root / "photos")
        project.edit(lambda params: shrink(params, source))
        return project

    def copied_to(self, root: Path) -> "Project":
        """Copy all that there is, to a folder that may exist: Git's and DVC's own files, outputs, and MLflow's runs."""
        root.mkdir(parents=True, exist_ok=True)
        subprocess.run(["cp", "-a", "--reflink=auto", f"{self.root}/.", str(root)], check=True)
        follow_folder(root)
        copy = Project(root)
        copy.environment = self.environment
        return copy

    def edit(self, change: Callable[[Any], object]) -> None:
        """Change the content of params.yaml."""
        yaml = YAML()
        path = self.root / "params.yaml"
        params = yaml.load(path.read_text("utf-8"))
        change(params)
        with path.open("w", encoding="utf-8") as file:
            yaml.dump(params, file)

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a program of the environment that runs the tests, in the project's folder."""
        seen = {**environment(), **self.environment}
        return subprocess.run(command, cwd=self.root, env=seen, capture_output=True, text=True, check=False)

    def repro(self, *arguments: str) -> list[str]:
        """Run `dvc repro`; return the stages that it ran, in order."""
        return stages_in(self.repro_shown(*arguments))

    def repro_shown(self, *arguments: str) -> str:
        """Run `dvc repro`; return all that it and its stages write to the terminal."""
        done = self.run("dvc", "repro", *arguments)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def outputs(self) -> dict[str, str]:
        """Return a hash of every file that the pipeline writes, by path; hidden ones are DVC's, or unfinished work."""
        files = [path for name in OUTPUTS for path in (self.root / name, *(self.root / name).rglob("*"))]
        return {
            str(path.relative_to(self.root)): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in files
            if path.is_file() and not any(name.startswith(".") for name in path.relative_to(self.root).parts)
        }


def stages_in(shown: str) -> list[str]:
    return re.findall(r"^Running stage '(.+)':", shown, re.MULTILINE)


def shrink(params: Any, source: str) -> None:
    """Keep every key of the real params, with small numbers."""
    params["fetch"]["dataset"] = "none"
    params["ingest"].update(source=source, min_images_per_class=10)
    params["resize"].update(height_px=16, width_px=16, colour="rgb")
    params["augment"]["views"] = 2
    params["mlp"]["hidden"] = [8]
    params["train"].update(epochs=2, batch_size=8)
    params["explain"]["photos"] = 4
