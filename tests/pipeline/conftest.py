"""A small project whose whole pipeline has run, by a real `dvc repro`."""

import pytest

from tests.support.prepared import Prepared
from tests.support.project import Project


@pytest.fixture(scope="package")
def project(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """No test changes what the pipeline has made."""
    return prepared.whole(tmp_path_factory.mktemp("project"))
