"""Where a run comes from: commit and uncommitted changes, DVC's experiment, stage and hashes, versions, machine."""

import hashlib
import os
import platform
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from pixelproof.files import replacing
from pixelproof.repository import git, lock
from pixelproof.tracking.run.credentials import without_credentials
from pixelproof.tracking.run.machine import describe_machine

LIBRARIES = ("albumentations", "dvc", "grain", "jax", "keras", "mlflow", "numpy", "scikit-learn", "tensorflow")
DATA = ("data/resized", "data/augmented", "data/splits.csv")  # what a training run reads
NAMED = 20  # files that a tag names; the rest are counted
PARAMS = Path("params.yaml")
PIPELINE_FILES = (str(lock.LOCK), "reports")  # written by the pipeline while it runs; Git keeps them
RECORDS = ("runs", "reports/records")  # likewise; they hold such changes themselves, which would grow in each other


@dataclass(frozen=True)
class Provenance:
    """What leads from a run back to everything that made it."""

    tags: Mapping[str, str]
    changes: bytes  # since the commit, as `git apply` takes them: in files that Git knows and PIPELINE_FILES

    def write_changes(self, path: Path) -> None:
        with replacing(path) as beside:
            beside.write_bytes(self.changes)


def collect(environment: Mapping[str, str] = os.environ) -> Provenance:
    """Describe the project in the working folder, as it is now. What cannot be known has no tag."""
    commit = git.ask("rev-parse", "HEAD")
    by_people = [".", *(f":(exclude){path}" for path in (*PIPELINE_FILES, *RECORDS))]
    changed = git.ask("diff", "--name-only", "HEAD", "--", *by_people).splitlines()
    new = git.ask("ls-files", "--others", "--exclude-standard", "--", *by_people).splitlines()
    tags = {
        "git.commit": commit,
        "git.branch": git.ask("branch", "--show-current"),
        "git.dirty": str(bool(changed or new)).lower() if commit else "",
        "git.changed": _listed(changed),
        "git.untracked": _listed(new),
        "git.remote": without_credentials(git.ask("remote", "get-url", "origin")),
        "dvc.experiment": environment.get("DVC_EXP_NAME", ""),
        "dvc.baseline": environment.get("DVC_EXP_BASELINE_REV", ""),
        "dvc.stage": environment.get("DVC_STAGE", ""),
        "dvc.lock_sha256": _sha256(lock.LOCK),
        "params_sha256": _sha256(PARAMS),
        **{f"{path}.md5": md5 for path, md5 in lock.hashes_of(DATA).items()},
        **{f"version.{library}": found for library, found in versions(LIBRARIES).items()},
        "version.python": platform.python_version(),
        **describe_machine(environment),
        "command": without_credentials(" ".join(sys.orig_argv)),
    }
    return Provenance({key: value for key, value in tags.items() if value}, _changes() if commit else b"")


def _changes() -> bytes:
    """Return the changes since the commit; Git's index, and its store of objects, stay as they are."""
    with tempfile.TemporaryDirectory() as scratch:
        objects = str(Path(git.ask("rev-parse", "--git-path", "objects")).resolve())
        apart = {
            "GIT_INDEX_FILE": f"{scratch}/index",
            "GIT_OBJECT_DIRECTORY": scratch,
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": objects,
        }
        git.ask("read-tree", "HEAD", environment=apart)
        git.ask("add", "--update", environment=apart)
        git.ask("add", "--ignore-errors", *(path for path in PIPELINE_FILES if Path(path).exists()), environment=apart)
        others = [f":(exclude){path}" for path in RECORDS]
        return git.output("diff", "--cached", "--binary", "HEAD", "--", *others, environment=apart) or b""


def _listed(paths: list[str]) -> str:
    more = f" and {len(paths) - NAMED} more" if len(paths) > NAMED else ""
    return ", ".join(paths[:NAMED]) + more


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
