"""An output of the pipeline as it was at the last commit: Git knows its hash, DVC's cache its content."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from pixelproof.errors import UserError
from pixelproof.repository import git, lock
from pixelproof.repository.cache import Cache


class NothingCommittedError(Exception):
    """There is no earlier content; the message says why, in words that follow a colon."""


@dataclass(frozen=True)
class CommittedFile:
    """A file of an earlier commit; `content` may be read until the next run of the pipeline."""

    commit: str  # abbreviated
    content: Path


def last_committed(output: Path) -> CommittedFile:
    """Find `output`, a file that DVC keeps (relative to the project), as the last commit's dvc.lock names it.

    Raises NothingCommittedError, and nothing else, whatever state Git and DVC are in.
    """
    commit = git.ask("rev-parse", "--short", "HEAD")
    if not commit:
        raise NothingCommittedError("no commit yet, or no Git repository")
    text = git.output("show", f"HEAD:./{lock.LOCK}")
    if text is None:
        raise NothingCommittedError(f"no {lock.LOCK} in commit {commit}")
    md5 = lock.outputs(lock.parse(text.decode(errors="replace"))).get(output.as_posix())
    if md5 is None:
        raise NothingCommittedError(f"no {output} in commit {commit}")
    if output.is_file() and hashlib.md5(output.read_bytes()).hexdigest() == md5:
        return CommittedFile(commit, output)
    return CommittedFile(commit, _cached(md5, f"{output} of commit {commit}"))


def _cached(md5: str, what: str) -> Path:
    try:
        content = Cache().path(md5)
    except UserError as error:
        raise NothingCommittedError(str(error)) from None
    if not content.is_file():
        raise NothingCommittedError(f"{what} is not in DVC's cache")
    return content
