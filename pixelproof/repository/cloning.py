"""A copy of the project at one of its commits: a clone by Git that shares DVC's cache."""

import shutil
import subprocess
import sys
from pathlib import Path

from pixelproof.errors import UserError
from pixelproof.files import remove

SETTINGS = Path(".dvc/config.local")


def clone_project(project: Path, commit: str, folder: Path, cache: str) -> Path:
    """Clone the repository of a project into `folder`, in the place of what is there; return the project in it.

    The project's own local settings of DVC hold there, too; `cache` is an absolute path.
    """
    top = run(project, "git", "rev-parse", "--show-toplevel")
    root = folder / run(project, "git", "rev-parse", "--show-prefix")
    remove(folder)
    run(project, "git", "clone", "--quiet", "--local", "--no-checkout", top, str(folder))
    run(folder, "git", "checkout", "--quiet", "--force", "--detach", commit)
    if (project / SETTINGS).is_file():
        shutil.copy2(project / SETTINGS, root / SETTINGS)
    run(root, sys.executable, "-m", "dvc", "cache", "dir", "--local", cache)
    return root


def run(folder: Path, *command: str) -> str:
    """Return what the command prints. Raises UserError with what it says if it fails."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(f"{folder}: `{' '.join(command)}` failed: {done.stderr.strip() or done.stdout.strip()}")
    return done.stdout.strip()
