"""A person who types what the pages show: in a project of their own, with a bare PATH and an empty environment."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from pixelproof.files import read_json
from tests.support.imports import ROOT
from tests.support.project import Project

LIMIT = 600  # seconds, for a machine with other work
PARTS = (
    "Makefile",
    "pyproject.toml",
    "README.md",
    "deploy",
    "presets",
    "sweeps",
)  # beside those that every project has


class Reader:
    """The project has an origin and a remote for DVC, which lie beside it and are copied with it."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.beside = project.root.parent

    @classmethod
    def of(cls, project: Project) -> "Reader":
        """Give a project whose pipeline has run all that a person's has, and commit it."""
        subprocess.run(["cp", "-a", *(ROOT / part for part in PARTS), project.root], check=True)
        link_environment(project.root / ".venv")
        copy_as_digits(project.root)
        reader = cls(project)
        home = reader.beside / "home"
        home.mkdir()
        (home / ".gitconfig").write_text("[user]\nname = Ada\nemail = ada@example.org\n")
        reader.run(
            "git init --quiet --bare ../origin.git && git remote add origin ../origin.git",
            ".venv/bin/python -m dvc remote add --quiet --default store ../store",
            "git add --all && git commit --quiet --message 'What I have'",
            "git push --quiet --set-upstream origin HEAD",
            ".venv/bin/python -m dvc push --quiet",
        )
        return reader

    def copied_to(self, folder: Path) -> "Reader":
        folder.mkdir(parents=True)
        beside = [self.beside / name for name in ("home", "origin.git", "store")]
        subprocess.run(["cp", "-a", "--reflink=auto", *beside, folder], check=True)
        return Reader(self.project.copied_to(folder / "project"))

    def run(self, *commands: str) -> str:
        """Run commands in one shell, which ends at the first that fails; return all that the terminal shows.

        Whatever asks is answered with "y".
        """
        terminal = self.beside / "terminal.txt"  # a file: DVC's workers would keep a pipe open
        seen = {"PATH": "/usr/bin:/bin", "HOME": str(self.beside / "home")}
        command = ["sh", "-c", "\n".join(["set -ex", *commands])]
        with terminal.open("wb") as file:
            options = {"cwd": self.project.root, "env": seen, "stdout": file, "stderr": file, "input": b"y\n" * 9}
            done = subprocess.run(command, timeout=LIMIT, check=False, **options)  # type: ignore[call-overload]
        shown = terminal.read_text("utf-8", "replace")
        assert done.returncode == 0, f"{commands}\n{shown[-3000:]}"
        return shown

    def filled_in(self, command: str, model: str) -> str:
        """Replace what a reader replaces, too; RUN_ID is that of the model's run."""
        clone = "git clone --quiet ../origin.git ../second && cp -a .venv ../second && cd ../second"
        replaced = {
            "RUN_ID": read_json(self.project.root / f"models/{model}/run.json")["run_id"],
            "git clone ... && cd ...": f"{clone} && touch .venv/.ready",  # else make would install it anew
            "<commit>": "HEAD",
            "s3://dvc": "../team",
            "/tmp/copy.db": str(self.beside / "copy.db"),
        }
        return re.sub("|".join(map(re.escape, replaced)), lambda found: replaced[found[0]], command)

    def experiments(self) -> set[str]:
        """Return the experiments that have ended well: Git has a reference to each."""
        shown = self.run("git for-each-ref --format='experiment %(refname)' refs/exps/")
        return set(re.findall(r"^experiment (refs/exps/\w\w/.+)", shown, re.MULTILINE))


def copy_as_digits(root: Path) -> None:
    """Put photos of the project where pages have digits."""
    photo = next((root / "photos").rglob("*.jpg"))
    for name in ("0/0006.png", "3/1500.png", "5/2500.png", "7/3500.png"):
        path = root / "data/raw/digits" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(photo, path)


def link_environment(place: Path) -> None:
    """Give a project the environment of the tests as its own; for the Makefile it is ready."""
    place.mkdir()
    for part in Path(sys.prefix).iterdir():
        if part.name != ".ready":
            (place / part.name).symlink_to(part)
    (place / ".ready").touch()
