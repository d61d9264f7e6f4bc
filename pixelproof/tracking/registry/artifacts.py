"""A promoted model on DVC's side: the commit that holds it, and the tags of GTO, DVC's registry, that name it."""

import shlex
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pixelproof.errors import UserError
from pixelproof.repository import git
from pixelproof.tracking.history.revisions import MODELS, ModelRevision, runs_by_commit

if TYPE_CHECKING:
    from gto.base import Artifact
    from gto.registry import GitRegistry


@dataclass(frozen=True)
class GitTag:
    """An annotated tag, which is the only kind that GTO looks at."""

    name: str
    commit: str

    def command(self, message: str) -> list[str]:
        return ["git", "tag", "--annotate", "--message", message, self.name, self.commit]


def find_model(ids: Set[str | None], weights: str | None) -> ModelRevision | None:
    """Return where Git and DVC keep what a run has trained: by one of its ids, else by the hash of the same weights.

    Of several commits the one that is registered, else the last one.
    """
    models = list(runs_by_commit())
    found = [model for model in models if model.run_id and model.run_id in ids]
    found = found or [model for model in models if weights and model.weights_sha256 == weights]
    registered = _registered_commits() if len(found) > 1 else set()
    return next((model for model in found if model.revision in registered), found[0] if found else None)


def missing_tags(model: ModelRevision, alias: str, version: int) -> list[GitTag]:
    """Return the tags that make DVC's registry say what MLflow's does; those that are there are left out.

    The major number of the version is MLflow's, unless an earlier tag has it. A stage belongs to each artifact by
    itself, an alias to one model: so the other artifact loses the stage.
    """
    from gto.constants import Action
    from gto.tag import name_tag

    missing = []
    with _registry() as registry:
        own = registry.find_artifact(_artifact(model.model), create_new=True)
        if model.revision not in _versions(own):
            major = max([version, *(each + 1 for each in _versions(own).values())])
            name = name_tag(Action.REGISTER, own.artifact, version=f"v{major}.0.0", simple=True)
            missing.append(GitTag(name, model.revision))
        for each in MODELS:
            artifact = registry.find_artifact(_artifact(each), create_new=True)
            holder = _holder(artifact, alias)
            if each == model.model and holder != model.revision:
                name = name_tag(Action.ASSIGN, artifact.artifact, stage=alias, scm=registry.scm)
                missing.append(GitTag(name, model.revision))
            elif each != model.model and holder:
                name = name_tag(Action.UNASSIGN, artifact.artifact, stage=alias, scm=registry.scm)
                missing.append(GitTag(name, holder))
    return missing


def write_tags(tags: Sequence[GitTag], message: str) -> None:
    """Make the tags. Raises UserError with the reason of GTO, or of its Git, where it does not."""
    from gto.tag import create_tag

    with _registry() as registry:
        for tag in tags:
            create_tag(registry.scm, tag.name, rev=tag.commit, message=message)


def shown(tags: Sequence[GitTag], message: str) -> list[str]:
    """Return the commands that make the tags, for a shell."""
    return [shlex.join(tag.command(message)) for tag in tags]


@contextmanager
def _registry() -> Iterator["GitRegistry"]:
    """Open DVC's registry of this project; GTO takes a second to load."""
    from gto.exceptions import GTOException
    from gto.registry import GitRegistry
    from scmrepo.exceptions import SCMError

    try:
        with GitRegistry.from_url(Path.cwd()) as registry:
            yield registry
    except (GTOException, SCMError) as error:
        raise UserError(f"the Git tags of DVC's registry: {error.__cause__ or error}") from error


def _artifact(model: str) -> str:
    """Return GTO's name of a model, with the folder of a project that lies below the top of its repository."""
    below = git.run("rev-parse", "--show-prefix").rstrip("/")
    return f"{below}:{model}" if below else model


def _versions(artifact: "Artifact") -> dict[str, int]:
    """Return the major number of each registered version by its commit."""
    from gto.versions import SemVer

    registered = [version for version in artifact.versions if version.is_registered]
    return {version.commit_hexsha: int(SemVer.parse(version.version).major) for version in registered}


def _holder(artifact: "Artifact", stage: str) -> str | None:
    """Return the commit that got an artifact's stage last and still has it."""
    given = [version.stages[stage] for version in artifact.versions if stage in version.stages]
    active = [each for each in given if each.is_active]
    return max(active, key=lambda each: each.activated_at).commit_hexsha if active else None


def _registered_commits() -> set[str]:
    with _registry() as registry:
        return {commit for artifact in registry.get_state().artifacts.values() for commit in _versions(artifact)}
