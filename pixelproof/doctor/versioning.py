"""Git and DVC: a repository with a commit, a readable dvc.lock, a cache that can be written."""

import re
from collections.abc import Iterator
from pathlib import Path

from pixelproof.doctor.finding import Finding, well, wrong
from pixelproof.doctor.folders import refusal
from pixelproof.errors import UserError
from pixelproof.repository import git, lock
from pixelproof.repository.beginning import COMMANDS
from pixelproof.repository.cache import Cache

DVC = Path(".dvc")
CONFLICT = re.compile(r"^(<<<<<<<|>>>>>>>) ", re.MULTILINE)
AGAIN = "Take one side, `git checkout --ours dvc.lock`, then `make repro` writes it anew."


def commit() -> Iterator[Finding]:
    git.require()
    if not git.ask("rev-parse", "--git-dir"):
        yield wrong("Git", "there is no Git repository, or Git does not trust its owner", f"`{COMMANDS}`")
        return
    commit = git.ask("rev-parse", "--short", "HEAD")
    if commit:
        yield well("Git", f"the last commit is {commit}")
    else:
        remedy = "Experiments start from one: `git add --all && git commit`."
        yield wrong("Git", "the repository has no commit", remedy)


def initialised() -> Iterator[Finding]:
    if (DVC / "config").is_file():
        yield well("DVC", f"{DVC}/ is there")
    else:
        remedy = f"`git checkout {DVC}`, or `.venv/bin/python -m dvc init` where Git has no {DVC}/."
        yield wrong("DVC", f"{DVC}/config is missing, so DVC is not initialised here", remedy)


def locked_stages() -> Iterator[Finding]:
    if not lock.LOCK.is_file():
        yield well("dvc.lock", "none yet: no stage has run")
        return
    text = lock.LOCK.read_text("utf-8", errors="replace")
    stages = lock.parse(text)
    if CONFLICT.search(text):
        yield wrong("dvc.lock", "it holds the marks of a merge conflict", AGAIN)
    elif stages:
        yield well("dvc.lock", f"{len(stages)} stages")
    else:
        yield wrong("dvc.lock", "it cannot be read, or names no stage", "`git checkout dvc.lock`, then `make repro`.")


def cache() -> Iterator[Finding]:
    try:
        folder = Cache().folder
    except UserError as broken:
        yield wrong("DVC cache", str(broken), "")
        return
    if why := refusal(folder):
        remedy = "Correct that, or name another folder: `.venv/bin/python -m dvc cache dir --local FOLDER`."
        yield wrong("DVC cache", f"{folder}: {why}", remedy)
    else:
        yield well("DVC cache", f"{folder} can be written")
