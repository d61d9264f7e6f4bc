"""A promoted model on DVC's side: the commit that holds it, and the Git tags of GTO, DVC's registry, that name it."""

import re
import shlex
import subprocess
from collections.abc import Sequence, Set
from dataclasses import dataclass

from pixelproof.errors import UserError
from pixelproof.tracking.history.revisions import MODELS, ModelRevision, runs_by_commit

# <artifact>@v<major>.<minor>.<patch> registers a version, <artifact>#<stage>#<n> gives it a stage, with ! takes it away
VERSION = re.compile(r"(?P<artifact>[^@#]+)@v(?P<major>\d+)\.\d+\.\d+")
STAGE = re.compile(r"(?P<artifact>[^@#]+)#(?P<stage>[^@#!]+)(?P<taken>!?)#(?P<count>\d+)")


@dataclass(frozen=True)
class GitTag:
    """An annotated tag, which is the only kind that GTO looks at."""

    name: str
    commit: str

    def command(self, message: str) -> list[str]:
        return ["git", "tag", "--annotate", "--message", message, self.name, self.commit]


def find_kept(ids: Set[str | None], weights: str | None) -> ModelRevision | None:
    """Return where Git and DVC keep what a run has trained: by one of its ids, else by the hash of the same weights.

    Of several commits the one that a tag registers, else the last one.
    """
    kept = list(runs_by_commit())
    found = [one for one in kept if one.run_id and one.run_id in ids]
    found = found or [one for one in kept if weights and one.weights_sha256 == weights]
    registered = {tag.commit for tag in _annotated() if VERSION.fullmatch(tag.name)} if found else set()
    return next((one for one in found if one.revision in registered), found[0] if found else None)


def missing_tags(kept: ModelRevision, alias: str, version: int) -> list[GitTag]:
    """Return the tags that make DVC's registry say what MLflow's does; those that are there are left out.

    The major number of the version is MLflow's, unless an earlier tag has it. A stage belongs to each artifact by
    itself, an alias to one model: so the other artifact loses the stage.
    """
    tags, prefix = _annotated(), _prefix()
    artifact = f"{prefix}{kept.model}"
    majors = {int(found["major"]): tag.commit for tag in tags if (found := _parsed(VERSION, tag, artifact))}
    missing = []
    if kept.revision not in majors.values():
        missing.append(GitTag(f"{artifact}@v{max([version, *(major + 1 for major in majors)])}.0.0", kept.revision))
    for model in MODELS:
        holder, count = _stage(tags, f"{prefix}{model}", alias)
        if model == kept.model and holder != kept.revision:
            missing.append(GitTag(f"{artifact}#{alias}#{count + 1}", kept.revision))
        elif model != kept.model and holder:
            missing.append(GitTag(f"{prefix}{model}#{alias}!#{count + 1}", holder))
    return missing


def _stage(tags: Sequence[GitTag], artifact: str, stage: str) -> tuple[str | None, int]:
    """Return the commit that has an artifact's stage, and the last number of all its stages' tags."""
    numbered = {int(found["count"]): (found, tag) for tag in tags if (found := _parsed(STAGE, tag, artifact))}
    last = max((number for number, (found, _) in numbered.items() if found["stage"] == stage), default=0)
    holder = numbered[last][1].commit if last and not numbered[last][0]["taken"] else None
    return holder, max(numbered, default=0)


def write_tags(tags: Sequence[GitTag], message: str) -> None:
    """Make the tags. Raises UserError with Git's own words if it does not, as without a name and an address."""
    for tag in tags:
        _git(*tag.command(message)[1:])


def shown(tags: Sequence[GitTag], message: str) -> list[str]:
    """Return the commands that make the tags, for a shell."""
    return [shlex.join(tag.command(message)) for tag in tags]


def _parsed(kind: re.Pattern[str], tag: GitTag, artifact: str) -> re.Match[str] | None:
    found = kind.fullmatch(tag.name)
    return found if found and found["artifact"] == artifact else None


def _annotated() -> list[GitTag]:
    lines = _git("for-each-ref", "--format=%(refname:strip=2) %(*objectname)", "refs/tags").splitlines()
    return [GitTag(name, commit) for name, _, commit in (line.partition(" ") for line in lines) if commit]


def _prefix() -> str:
    """Return what stands before an artifact's name where the project lies below the top of its repository."""
    below = _git("rev-parse", "--show-prefix").strip().rstrip("/")
    return f"{below}=" if below else ""


def _git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise UserError(f"`{shlex.join(['git', *arguments])}` failed: {done.stderr.strip()}")
    return done.stdout
