"""An output of the pipeline as it was at the last commit: Git knows its hash, DVC's cache its content."""

import hashlib
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError


class NothingCommittedError(Exception):
    """There is no earlier content; the message says why, in words that follow a colon."""


@dataclass(frozen=True)
class Committed:
    """A file of an earlier commit; `content` may be read until the next run of the pipeline."""

    commit: str  # abbreviated
    content: Path


def last_committed(output: Path) -> Committed:
    """Find `output`, a file that DVC keeps (relative to the project), as the last commit's dvc.lock names it.

    Raises NothingCommittedError, and nothing else, whatever state Git and DVC are in.
    """
    commit = _ask("git", "rev-parse", "--short", "HEAD", otherwise="no commit yet, or no Git repository")
    lock = _ask("git", "show", "HEAD:./dvc.lock", otherwise=f"no dvc.lock in commit {commit}")
    md5 = _hash_in(lock, output.as_posix())
    if md5 is None:
        raise NothingCommittedError(f"no {output} in commit {commit}")
    if output.is_file() and hashlib.md5(output.read_bytes()).hexdigest() == md5:  # spares the second that DVC takes
        return Committed(commit, output)
    # `dvc cache dir` knows every place where the cache may be configured, also that of a temporary experiment.
    cache = _ask(sys.executable, "-m", "dvc", "cache", "dir", otherwise="DVC does not say where its cache is")
    content = Path(cache.strip(), "files", "md5", md5[:2], md5[2:])
    if not content.is_file():
        raise NothingCommittedError(f"{output} of commit {commit} is not in DVC's cache")
    return Committed(commit, content)


def _ask(*command: str, otherwise: str) -> str:
    try:
        answer = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        raise NothingCommittedError(otherwise) from None
    return answer.strip()


def _hash_in(lock: str, output: str) -> str | None:
    """Return the MD5 of an output in the text of a dvc.lock; None where it is not there, or cannot be understood."""
    try:
        stages: dict[str, Any] = YAML(typ="safe").load(lock)["stages"]
        outs = [out for stage in stages.values() for out in stage.get("outs", [])]
        return next((str(out["md5"]) for out in outs if out["path"] == output), None)
    except (YAMLError, AttributeError, KeyError, TypeError):
        return None
