"""One small project with its images made ready, and what its trainings give undisturbed."""

from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import Any

import pytest

from tests.support.project import Project
from tests.support.train_kills import Undisturbed, leave_alone, prepared_project


@pytest.fixture(scope="session")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return prepared_project(tmp_path_factory.mktemp("trainings"))


@pytest.fixture(scope="session")
def undisturbed(project: Project) -> Callable[[str], Undisturbed]:
    """Train a model undisturbed; only once."""
    return cache(partial(leave_alone, project))


@pytest.fixture
def edited(project: Project) -> Iterator[Callable[[Callable[[Any], object]], None]]:
    """Edit params.yaml for the time of a test."""
    before = (project.root / "params.yaml").read_text("utf-8")
    yield project.edit
    (project.root / "params.yaml").write_text(before, encoding="utf-8")
