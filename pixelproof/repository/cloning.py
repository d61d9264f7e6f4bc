"""A copy of the project at one of its commits: a clone by Git that shares DVC's cache."""

import shutil
import subprocess
import sys
from pathlib import Path

from pixelproof.errors import UserError
from pixelproof.files import remove
from pixelproof.repository import git
from pixelproof.repository.cache import cache_folder

SETTINGS = Path(".dvc/config.local")


def clone_project(project: Path, commit: str, folder: Path) -> Path:
    """Clone the repository of a project into `folder`, replacing what is there; return the project in it.

    The project's own local settings of DVC hold there, too, and its cache is shared.
    """
    top = git.run("rev-parse", "--show-toplevel", folder=project)
    root = folder / git.run("rev-parse", "--show-prefix", folder=project)
    remove(folder)
    git.run("clone", "--quiet", "--local", "--no-checkout", top, str(folder))
    git.run("checkout", "--quiet", "--force", "--detach", commit, folder=folder)
    if (project / SETTINGS).is_file():
        shutil.copy2(project / SETTINGS, root / SETTINGS)
    else:  # nobody edits outputs there, so they need not be copies: each clone of a sweep would copy all images
        _dvc(root, "config", "--local", "cache.type", "reflink,hardlink,copy")
    _dvc(root, "cache", "dir", "--local", str(cache_folder(project)))
    return root


def _dvc(folder: Path, *arguments: str) -> None:
    """Run DVC. Raises UserError with its own words if it fails."""
    done = subprocess.run([sys.executable, "-m", "dvc", *arguments], cwd=folder, capture_output=True, check=False)
    if done.returncode:
        words = (done.stderr.strip() or done.stdout.strip()).decode(errors="replace")
        raise UserError(f"{folder}: `dvc {' '.join(arguments)}` failed: {words}")
