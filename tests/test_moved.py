"""A project that was moved or copied with its environment."""

import subprocess
from pathlib import Path

import pytest

from tests.support.imports import ROOT
from tests.support.project import Project

ENVIRONMENT = ROOT / ".venv"
BARE = {"PATH": "/usr/bin:/bin"}

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def moved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with the environment that the Makefile made, both in another folder than they were made in."""
    if not (ENVIRONMENT / ".ready").exists():
        pytest.skip("the tests run in an environment that the Makefile has not made")
    root = tmp_path_factory.mktemp("moved") / "another place"
    Project.create(root)
    linked = 'cp -al "$0" "$1" 2>/dev/null || cp -a "$0" "$1"'  # gigabytes, and another disk takes no links
    subprocess.run(["sh", "-c", linked, ENVIRONMENT, root / ".venv"], check=True)
    return root


def answer(root: Path, *command: str) -> str:
    done = subprocess.run(command, cwd=root, env=BARE, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("program", ["dvc", "pixelproof", "mlflow", "ruff"])
def test_its_programs_start_and_are_its_own(moved: Path, program: str) -> None:
    """Else they would look for Python in the old folder, which is gone, or is another project by now."""
    assert answer(moved, f".venv/bin/{program}", "--help")
    assert str(ROOT) not in (moved / f".venv/bin/{program}").read_bytes().decode(errors="replace")


@pytest.mark.parametrize("start", [[".venv/bin/python"], [".venv/bin/python", "-P"]])
def test_its_own_code_runs(moved: Path, start: list[str]) -> None:
    """Else a copy of the project would run the code of the first one, edits or no edits."""
    found = answer(moved, *start, "-c", "import pixelproof; print(pixelproof.__file__)")
    assert found == str(moved / "pixelproof/__init__.py")


def test_its_pipeline_runs(moved: Path) -> None:
    """Else `make repro` would end at DVC's first command."""
    assert "Running stage 'fetch'" in answer(moved, ".venv/bin/python", "-m", "dvc", "repro", "fetch")
