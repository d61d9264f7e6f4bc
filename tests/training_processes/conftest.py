"""One small project with its images made ready, and what its trainings give undisturbed."""

from collections.abc import Callable, Iterator
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest

from tests.support.prepared import Prepared
from tests.support.project import Project
from tests.support.train_kills import MODELS, READY, Undisturbed, leave_alone, prepared_project, read_undisturbed


@pytest.fixture(scope="module")
def project(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project that has trained each model undisturbed."""
    return trained(prepared).copied_to(tmp_path_factory.mktemp("trainings"))


def trained(prepared: Prepared) -> Project:
    def train(root: Path) -> None:
        project = prepared.made(READY, prepared_project).copied_to(root)
        for model in MODELS:
            leave_alone(project, model)

    return prepared.made("trained-undisturbed", train)


@pytest.fixture(scope="session")
def undisturbed(prepared: Prepared) -> Callable[[str], Undisturbed]:
    """Return what an undisturbed training of a model gave."""
    return cache(partial(read_undisturbed, trained(prepared)))


@pytest.fixture
def edited(project: Project) -> Iterator[Callable[[Callable[[Any], object]], None]]:
    """Edit params.yaml for the time of a test."""
    before = (project.root / "params.yaml").read_text("utf-8")
    yield project.edit
    (project.root / "params.yaml").write_text(before, encoding="utf-8")
