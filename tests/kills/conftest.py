"""A project whose whole pipeline has run under DVC; a test edits it and looks at its own runs."""

import pytest

from tests.support.prepared import Prepared
from tests.support.project import Project


@pytest.fixture(scope="module")
def project(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Project:
    return prepared.whole(tmp_path_factory.mktemp("kills"))
