"""Where a run comes from: commit and uncommitted changes, DVC's experiment, stage and hashes, versions, machine."""

import hashlib
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

LIBRARIES = ("albumentations", "dvc", "grain", "jax", "keras", "mlflow", "numpy", "scikit-learn", "tensorflow")
DATA = ("data/resized", "data/augmented", "data/splits.csv")  # what a training reads
NAMED = 20  # files that a tag names; the rest are counted
PARAMS, LOCK = Path("params.yaml"), Path("dvc.lock")
MADE = ("dvc.lock", "reports")  # by the pipeline itself, while it runs; Git keeps them


@dataclass(frozen=True)
class Provenance:
    """What leads from a run back to everything that made it."""

    tags: Mapping[str, str]
    changes: str  # since the commit, as `git apply` takes them: in files that Git knows, and in MADE


def collect(environment: Mapping[str, str] = os.environ) -> Provenance:
    """Describe the project in the working folder, as it is now. What cannot be known has no tag."""
    commit = _git("rev-parse", "HEAD").strip()
    by_user = [".", *(f":(exclude){path}" for path in MADE)]
    changed = _git("diff", "--name-only", "HEAD", "--", *by_user).splitlines()
    new = _git("ls-files", "--others", "--exclude-standard", "--", *by_user).splitlines()
    tags = {
        "git.commit": commit,
        "git.branch": _git("branch", "--show-current").strip(),
        "git.dirty": str(bool(changed or new)).lower() if commit else "",
        "git.changed": _listed(changed),
        "git.untracked": _listed(new),
        "git.remote": _git("remote", "get-url", "origin").strip(),
        "dvc.experiment": environment.get("DVC_EXP_NAME", ""),
        "dvc.baseline": environment.get("DVC_EXP_BASELINE_REV", ""),
        "dvc.stage": environment.get("DVC_STAGE", ""),
        "dvc.lock_sha256": _sha256(LOCK),
        "params_sha256": _sha256(PARAMS),
        **{f"{path}.md5": md5 for path, md5 in data_hashes(LOCK, DATA).items()},
        **{f"version.{library}": found for library, found in versions(LIBRARIES).items()},
        "version.python": platform.python_version(),
        "host": platform.node(),
        "platform": platform.platform(),
        "cpus": str(os.cpu_count()),
        "command": " ".join(sys.orig_argv),
    }
    return Provenance({key: value for key, value in tags.items() if value}, _changes() if commit else "")


def _changes() -> str:
    """Return the changes since the commit; Git's index, and its store of objects, stay as they are."""
    with tempfile.TemporaryDirectory() as scratch:
        objects = str(Path(_git("rev-parse", "--git-path", "objects").strip()).resolve())
        apart = {
            "GIT_INDEX_FILE": f"{scratch}/index",
            "GIT_OBJECT_DIRECTORY": scratch,
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": objects,
        }
        _git("read-tree", "HEAD", **apart)
        _git("add", "--update", **apart)
        _git("add", "--ignore-errors", *(path for path in MADE if Path(path).exists()), **apart)
        return _git("diff", "--cached", "--binary", "HEAD", **apart)


def _listed(paths: list[str]) -> str:
    more = f" and {len(paths) - NAMED} more" if len(paths) > NAMED else ""
    return ", ".join(paths[:NAMED]) + more


def data_hashes(lock: Path, paths: Iterable[str]) -> dict[str, str]:
    """Return DVC's hashes of outputs as a dvc.lock names them, by path; without those that it does not name."""
    if not lock.is_file():
        return {}
    stages: Mapping[str, Any] = (YAML(typ="safe").load(lock) or {}).get("stages", {})
    known = {out["path"]: out["md5"] for stage in stages.values() for out in stage.get("outs", []) if "md5" in out}
    return {path: str(known[path]) for path in paths if path in known}


def versions(libraries: Iterable[str]) -> dict[str, str]:
    """Return the installed versions; without those that are not installed."""
    found = {}
    for library in libraries:
        try:
            found[library] = version(library)
        except PackageNotFoundError:
            continue
    return found


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def _git(*arguments: str, **environment: str) -> str:
    """Return what Git says; nothing where there is no Git, no repository or no commit."""
    command, apart = ["git", *arguments], {**os.environ, **environment}
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, env=apart)
    except OSError:
        return ""
    return done.stdout if done.returncode == 0 else ""
