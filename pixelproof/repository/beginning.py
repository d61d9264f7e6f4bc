"""What `make repro` says in a folder without a Git repository, as after a download as a zip; it offers `git init`."""

import shutil
import subprocess
import sys
from pathlib import Path

import typer

from pixelproof.errors import UserError

COMMANDS = 'git init && git add --all && git commit -m "As downloaded"'


def find_repository(folder: Path) -> None:
    """Return where there is a repository, or where the person at the terminal wants one. Raises UserError else."""
    if shutil.which("git") is None:
        raise UserError(f"{folder}: the program `git` is not installed, and DVC needs it. Install Git and try again.")
    if _has_repository(folder):
        return
    why = f"{folder}: there is no Git repository, as after a download as a zip, and DVC needs one."
    if not sys.stdin.isatty():
        raise UserError(f"{why} Make one; it stays on this machine: {COMMANDS}")
    typer.echo(f"{why} `git init` makes one; it stays on this machine.")
    if not _is_wanted():
        raise UserError(f"{folder}: there is still no Git repository. To make one later: {COMMANDS}")
    subprocess.run(["git", "init", "--quiet"], cwd=folder, check=True)
    typer.echo("Done. Make a first commit, which experiments and comparisons start from: git add --all && git commit")


def _is_wanted() -> bool:
    try:
        return typer.confirm("Run `git init` here?")
    except typer.Abort:  # Ctrl-C or Ctrl-D
        return False


def _has_repository(folder: Path) -> bool:
    """Tell whether the folder lies in a repository. Raises UserError where Git finds one and does not trust it."""
    done = subprocess.run(["git", "rev-parse", "--git-dir"], cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode and "not a git repository" not in done.stderr:  # another owner's, as in a container
        raise UserError(f"{folder}: Git says: {done.stderr.strip()}")
    return done.returncode == 0
