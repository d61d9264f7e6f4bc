"""Inputs from faults of other projects, which may not be copied into this one."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.conftest import SHARED


@pytest.fixture
def fault() -> Callable[[str], Path]:
    """Return the folder of a fault's inputs; the test is skipped where they are missing."""

    def folder(number: str) -> Path:
        if not (SHARED / "faults" / number).is_dir():
            pytest.skip(f"{SHARED / 'faults' / number} is not there: its inputs may not be copied into the project")
        return SHARED / "faults" / number

    return folder
