"""An earlier output, found through Git and DVC, and a reason where there is none."""

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest

from pixelproof.repository.committed import NothingCommittedError, last_committed

SPLITS = Path("data/splits.csv")
OLD, NEW = "id,part\na,train\n", "id,part\na,test\n"


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in that lies in no Git repository."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    (tmp_path / "data").mkdir()
    return tmp_path


def commit(lock: str | None) -> str:
    """Make a repository with one commit, with this dvc.lock or none; return the commit, abbreviated."""
    if lock is not None:
        Path("dvc.lock").write_text(lock, "utf-8")
    Path("README.md").write_text("mine", "utf-8")
    for command in ("git init --quiet", "git add .", "git -c user.name=t -c user.email=t@t commit -qm start"):
        subprocess.run(command.split(), check=True)
    return subprocess.check_output(["git", "rev-parse", "--short", "HEAD"], text=True).strip()


def lock_of(content: str) -> str:
    md5 = hashlib.md5(content.encode()).hexdigest()
    return f"schema: '2.0'\nstages:\n  split:\n    cmd: x\n    outs:\n    - {{path: data/splits.csv, md5: {md5}}}\n"


def reason() -> str:
    with pytest.raises(NothingCommittedError) as nothing:
        last_committed(SPLITS)
    return str(nothing.value)


def test_outside_git_and_before_the_first_commit_there_is_nothing(project: Path) -> None:
    """Else a folder unpacked from an archive, or a project just begun, could not be split."""
    assert reason() == "no commit yet, or no Git repository"
    subprocess.run(["git", "init", "--quiet"], check=True)
    assert reason() == "no commit yet, or no Git repository"


def test_without_git_there_is_nothing(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a machine without Git would end with a traceback."""
    monkeypatch.setenv("PATH", str(project))
    assert reason() == "no commit yet, or no Git repository"


def test_a_commit_without_a_lock_has_nothing(project: Path) -> None:
    """Else the first run after a clone of a fresh project would fail."""
    head = commit(None)
    assert reason() == f"no dvc.lock in commit {head}"


@pytest.mark.parametrize("lock", ["", "stages: [", "schema: '2.0'\nstages: {}\n", "stages: {split: {outs: [1]}}\n"])
def test_a_lock_that_says_nothing_or_is_broken_has_nothing(project: Path, lock: str) -> None:
    """Else a merge gone wrong, committed, would stop every later split."""
    head = commit(lock)
    assert reason() == f"no data/splits.csv in commit {head}"


def test_an_output_that_is_unchanged_is_itself_the_committed_one(project: Path) -> None:
    """The usual case must need neither DVC nor its cache."""
    SPLITS.write_text(OLD, "utf-8")
    head = commit(lock_of(OLD))
    found = last_committed(SPLITS)
    assert (found.commit, found.content) == (head, SPLITS)


def test_a_project_below_the_top_of_a_repository_finds_its_own_lock(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a project in a folder of a larger repository would be compared with nothing."""
    folder = project / "photos/project"
    (folder / "data").mkdir(parents=True)
    (folder / "dvc.lock").write_text(lock_of(OLD), "utf-8")
    (folder / SPLITS).write_text(OLD, "utf-8")
    commit(None)
    monkeypatch.chdir(folder)
    assert last_committed(SPLITS).content == SPLITS


def test_without_dvc_there_is_nothing(project: Path) -> None:
    """Git alone, with a lock but no .dvc folder, must not be an error of its own."""
    SPLITS.write_text(NEW, "utf-8")
    commit(lock_of(OLD))
    assert reason().endswith("is not in DVC's cache")


@pytest.mark.slow
@pytest.mark.parametrize("place", [".dvc/cache", "../elsewhere"])
def test_an_output_that_has_changed_is_found_in_the_cache_wherever_that_is(project: Path, place: str) -> None:
    """Real DVC; a cache shared by several people is often not in the project's folder."""
    commit(lock_of(OLD))
    dvc = [sys.executable, "-m", "dvc"]
    subprocess.run([*dvc, "init", "--quiet"], check=True)
    subprocess.run([*dvc, "cache", "dir", "--local", place], check=True, capture_output=True)
    SPLITS.write_text(OLD, "utf-8")
    subprocess.run([*dvc, "add", "--quiet", str(SPLITS)], check=True)
    SPLITS.unlink()
    SPLITS.write_text(NEW, "utf-8")
    found = last_committed(SPLITS)
    assert found.content.read_text("utf-8") == OLD
    assert found.content.is_relative_to(project / place) or place.startswith("..")
    found.content.unlink()
    assert reason().endswith("is not in DVC's cache")
