"""Where a run comes from, told by a real Git repository."""

import subprocess
from pathlib import Path

import pytest

from pixelproof.tracking.run.provenance import collect, versions

LOCK = """\
schema: '2.0'
stages:
  resize:
    cmd: python -m stages.resize
    outs:
    - path: data/resized
      hash: md5
      md5: 0123456789abcdef0123456789abcdef.dir
      size: 12
"""


def git(*arguments: str, cwd: Path | None = None) -> str:
    command = ["git", "-c", "user.name=t", "-c", "user.email=t@t", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=cwd).stdout


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with one commit; it is the working folder."""
    folder = tmp_path / "project"
    (folder / "reports").mkdir(parents=True)
    for name, content in {"params.yaml": "seed: 7\n", "code.py": "a = 1\n", "reports/split.json": "{}\n"}.items():
        (folder / name).write_text(content)
    (folder / "weights.bin").write_bytes(bytes(range(256)))
    monkeypatch.chdir(folder)
    git("init", "--quiet")
    git("add", ".")
    git("commit", "--quiet", "-m", "start")
    return folder


def test_a_clean_commit_is_told_as_such(repository: Path) -> None:
    """Else nobody could trust that the commit alone is enough."""
    found = collect({})
    assert found.tags["git.commit"] == git("rev-parse", "HEAD").strip()
    assert (found.tags["git.dirty"], found.changes) == ("false", b"")
    assert "git.changed" not in found.tags


def test_the_changes_bring_a_clone_to_the_same_content(repository: Path, tmp_path: Path) -> None:
    """Else a run of changed code could never be rebuilt: text of any encoding, binary and deleted files alike."""
    (repository / "params.yaml").write_bytes("seed: 8  # Größe\r\n".encode("latin-1"))
    (repository / "weights.bin").write_bytes(bytes(range(255, -1, -1)))
    (repository / "code.py").unlink()
    (repository / "dvc.lock").write_text(LOCK)  # new, and the pipeline's own
    (repository / "reports/metrics.json").write_text("{}\n")
    found = collect({})
    assert found.tags["git.dirty"] == "true"
    assert found.tags["git.changed"] == "code.py, params.yaml, weights.bin"
    clone, changes = tmp_path / "clone", tmp_path / "changes.diff"
    found.write_changes(changes)
    git("clone", "--quiet", str(repository), str(clone))
    git("apply", "--whitespace=nowarn", str(changes), cwd=clone)
    assert content(clone) == content(repository)


def test_what_the_pipeline_writes_while_it_runs_makes_no_tree_dirty(repository: Path) -> None:
    """Else every run would be called dirty: ingest's report changes before the training starts."""
    (repository / "reports/split.json").write_text('{"train": 3}\n')
    (repository / "dvc.lock").write_text(LOCK)
    found = collect({})
    assert found.tags["git.dirty"] == "false"
    assert b"dvc.lock" in found.changes


def test_files_that_git_does_not_know_are_named(repository: Path) -> None:
    """Else a forgotten module would be missed only when the run is rebuilt."""
    (repository / "forgotten.py").write_text("a = 2\n")
    found = collect({})
    assert (found.tags["git.dirty"], found.tags["git.untracked"]) == ("true", "forgotten.py")


def test_the_repository_stays_as_it_was(repository: Path) -> None:
    """Else looking would stage files, or fill Git's store with every training."""
    (repository / "params.yaml").write_text("seed: 8\n")
    (repository / "dvc.lock").write_text(LOCK)
    before = git("status", "--porcelain"), git("count-objects"), (repository / ".git/index").read_bytes()
    collect({})
    after = git("status", "--porcelain"), git("count-objects"), (repository / ".git/index").read_bytes()
    assert after == before


def test_without_git_a_run_still_has_its_versions(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a folder that is no repository could not be trained in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    found = collect({})
    assert found.changes == b""
    assert not [key for key in found.tags if key.startswith("git.")]
    assert {"host", "cpus", "version.keras"} <= set(found.tags)


def test_without_the_program_git_nothing_is_said_of_it(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a machine without Git could not train."""
    monkeypatch.setenv("PATH", "")
    assert "git.commit" not in collect({}).tags


def test_dvcs_own_words_become_tags(repository: Path) -> None:
    """Else a run could not be found by its experiment or stage."""
    (repository / "dvc.lock").write_text(LOCK)
    tags = collect({"DVC_EXP_NAME": "tidy-moss", "DVC_STAGE": "train@cnn", "DVC_EXP_BASELINE_REV": "abc"}).tags
    assert (tags["dvc.experiment"], tags["dvc.stage"], tags["dvc.baseline"]) == ("tidy-moss", "train@cnn", "abc")
    assert tags["data/resized.md5"] == "0123456789abcdef0123456789abcdef.dir"


def test_a_library_that_is_not_there_has_no_version() -> None:
    """Else training without JAX would be impossible, which is optional."""
    assert set(versions(["numpy", "no-such-library"])) == {"numpy"}


def content(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file() and ".git" not in path.parts]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


@pytest.mark.parametrize("secret", ["ada:1234secret@", "ghp_1234secret@", "x-access-token:1234secret@"])
def test_a_token_in_the_remotes_address_is_not_recorded(
    secret: str, repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else everyone who sees the run could write to the repository."""
    git("remote", "add", "origin", f"https://{secret}host/project.git")
    monkeypatch.setattr("sys.orig_argv", ["python", "-m", "stages.train", f"https://{secret}host/a"])
    tags = collect({}).tags
    assert tags["git.remote"] == "https://host/project.git"
    assert "1234secret" not in "".join(tags.values())
