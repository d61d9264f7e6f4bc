"""A clone is the project as it was when the sweep began, and nothing that happens in it reaches the project."""

import subprocess
import sys
from pathlib import Path

import pytest

from pixelproof.sweeps.clones import Clone, Snapshot

pytestmark = pytest.mark.slow  # DVC takes a second to load, each time


def git(folder: Path, *arguments: str) -> str:
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@t", *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True).stdout


@pytest.fixture(params=["", "below"])
def project(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """A project, at the top of a repository or below it, with a commit and with changes of every sort."""
    top = tmp_path / "repository"
    project = top / request.param
    project.mkdir(parents=True)
    git(top, "init", "--quiet")
    subprocess.run(
        [sys.executable, "-m", "dvc", "init", "--quiet", *(["--subdir"] if request.param else [])],
        cwd=project,
        check=True,
    )
    for name in ("kept", "changed", "deleted", "staged"):
        (project / name).write_text("committed")
    (project / ".gitignore").write_text("ignored\n")
    git(top, "add", ".")
    git(top, "commit", "--quiet", "-m", "start")
    (project / "photos").mkdir()
    for name in ("changed", "staged", "new file", "ignored", "photos/photo"):
        (project / name).write_text("changed")
    (project / "deleted").unlink()
    git(project, "add", "staged")
    return project


def content(folder: Path) -> dict[str, str]:
    return {path.name: path.read_text() for path in folder.iterdir() if path.is_file() and path.name[0] != "."}


def test_a_clone_has_what_the_workspace_has(project: Path, tmp_path: Path) -> None:
    """Else a trial would train the last commit, and not what the user sees."""
    clone = Clone(Snapshot(project, tmp_path / "work", "photos"), tmp_path / "work/worker-0")
    expected = {"kept": "committed", "changed": "changed", "staged": "changed", "new file": "changed"}
    assert content(clone.root) == expected
    assert (clone.root / "photos/photo").read_text() == "changed"
    assert not (tmp_path / "work/changed/photos").exists(), "photos may be many; they are not to be copied"


def test_a_clone_is_put_back_whatever_was_done_in_it(project: Path, tmp_path: Path) -> None:
    """Else a trial would begin with what the one before it, perhaps killed, has left."""
    snapshot = Snapshot(project, tmp_path / "work", "photos")
    clone = Clone(snapshot, tmp_path / "work/worker-0")
    before = content(clone.root)
    for name in before:
        (clone.root / name).write_text("a trial's")
    (clone.root / "deleted").write_text("a trial's")
    (project / "kept").write_text("edited while the sweep runs")
    snapshot.restore(clone.root)
    assert content(clone.root) == before


def test_removing_a_clone_leaves_the_photos(project: Path, tmp_path: Path) -> None:
    """The user's photos are linked into the clone; deleting them would be the worst that a sweep could do."""
    before = git(project, "status", "--porcelain"), content(project)
    clone = Clone(Snapshot(project, tmp_path / "work", "photos"), tmp_path / "work/worker-0")
    clone.remove()
    assert not clone.root.exists()
    assert (project / "photos/photo").read_text() == "changed"
    assert (git(project, "status", "--porcelain"), content(project)) == before


def test_what_dvc_makes_is_not_linked(project: Path, tmp_path: Path) -> None:
    """A stage that ran in the clone would write into the project through the link."""
    (project / "dvc.lock").write_text(
        "schema: '2.0'\nstages: {fetch: {cmd: x, outs: [{path: photos, md5: abc.dir}]}}\n"
    )
    clone = Clone(Snapshot(project, tmp_path / "work", "photos"), tmp_path / "work/worker-0")
    assert not (clone.root / "photos").exists()
