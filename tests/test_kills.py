"""Stages killed with -9: nothing half-written is taken for whole, and nothing that was done is lost."""

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests.support.environment import environment
from tests.support.kills import large_project, survive
from tests.support.project import Project
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Project:
    return large_project(tmp_path_factory.mktemp("kills"))


def test_stages_killed_at_random_moments_end_with_the_same_bytes(project: Project) -> None:
    """Else a lost session could leave images that no run makes. `python -m tests.support.kills` does it 20 times."""
    told = survive(project, kills=2, seed=1)
    assert sum("killed" in line for line in told) == 2, told


def test_a_killed_repro_is_continued_by_the_next_one(project: Project) -> None:
    """Else a lock, or an output that DVC has deleted, would stand in the way of whom the power went out on."""
    expected = project.outputs()
    (project.root / "dvc.lock").unlink(missing_ok=True)
    command = ["dvc", "repro", "--no-run-cache", "augment"]
    with (project.root / "log.txt").open("wb") as log:
        killed = subprocess.Popen(
            command, cwd=project.root, env=environment(), stdout=log, stderr=log, start_new_session=True
        )
    journal = wait_for_journal(project.root / "data", "augmented", killed)
    os.killpg(killed.pid, signal.SIGKILL)
    killed.wait()
    assert journal.exists()
    done = project.run(*command)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"augment: continues after [\d,]+ of [\d,]+", done.stderr)
    assert project.outputs() == expected


def wait_for_journal(folder: Path, output: str, process: subprocess.Popen[bytes]) -> Path:
    """Return the journal of an output in the making, once it has lines."""

    def journals() -> list[Path]:
        return [path for path in folder.glob(f".{output}.*.partial/journal") if path.stat().st_size]

    wait_until(journals, process, pause=0.002)
    return journals()[0]
