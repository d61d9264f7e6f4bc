"""A small project whose whole pipeline has run, by a real `dvc repro`."""

import shutil

import pytest

from tests.support.photos import photo
from tests.support.project import Project


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Project, list[str]]:
    """A project whose pipeline has run once, and the stages that ran; among its photos are copies and conflicts.

    No test changes it.
    """
    project = Project.tiny(tmp_path_factory.mktemp("project"))
    photos = project.root / "photos"
    for number in range(6):  # the very file again, and the same pixels in another file
        shutil.copy(photos / f"bars/bars{number:03d}.jpg", photos / f"bars/again{number}.jpg")
        photo("dots", number).save(photos / f"dots/lossless{number}.png")
        photo("dots", number).save(photos / f"dots/lossless{number}.bmp")
    for label in ("bars", "dots"):
        photo("bars", 99).save(photos / label / "both.png")
    return project, project.repro()


@pytest.fixture
def project(ran: tuple[Project, list[str]]) -> Project:
    return ran[0]
