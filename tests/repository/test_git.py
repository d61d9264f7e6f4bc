"""Git's words for a person, and nothing where there is nothing."""

from pathlib import Path

import pytest

from pixelproof.errors import UserError
from pixelproof.repository import git
from tests.support.git import git as run_git


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A Git repository with one commit of one file, whose line ends are not those of this machine."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    (tmp_path / "note.txt").write_bytes(b"caf\xe9\r\n")
    for arguments in (("init", "--quiet"), ("add", "."), ("commit", "--quiet", "-m", "start")):
        run_git(*arguments)
    return tmp_path


def test_git_says_itself_why_it_fails(repository: Path) -> None:
    """Else a person would have to guess which command failed, and why."""
    with pytest.raises(UserError, match=r"`git checkout --quiet nowhere` failed: .*nowhere"):
        git.run("checkout", "--quiet", "nowhere")


def test_where_there_is_nothing_to_ask_the_answer_is_empty(repository: Path) -> None:
    """Else a folder without Git or commits could not be trained in."""
    empty = repository.parent / "empty"
    empty.mkdir()
    assert git.ask("rev-parse", "HEAD", folder=empty) == ""
    assert git.ask("show", "HEAD:nothing") == ""
    assert git.output("show", "HEAD:nothing") is None


def test_without_the_program_there_is_nothing_but_what_needs_it_says_so(
    repository: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a machine without Git could not train, or `pixelproof runs` would show an empty table there."""
    monkeypatch.setenv("PATH", "")
    assert (git.ask("rev-parse", "HEAD"), git.output("show", "HEAD:note.txt")) == ("", None)
    assert git.contents(["HEAD:note.txt", "HEAD:other"]) == ["", ""]
    for needs_it in (git.require, lambda: git.run("status")):
        with pytest.raises(UserError, match="Install Git"):
            needs_it()


def test_bytes_come_as_git_has_them(repository: Path) -> None:
    """Else a preset with other line ends would look edited, or a change of such a file could not be applied again."""
    assert git.output("show", "HEAD:note.txt") == b"caf\xe9\r\n"


def test_many_files_are_asked_for_at_once(repository: Path) -> None:
    """Else a file that one commit lacks would shift the contents of all others."""
    Path("other.txt").write_text("7\n8 blob 2\n")
    run_git("add", ".")
    run_git("commit", "--quiet", "-m", "second")
    names = ["HEAD:other.txt", "HEAD~1:other.txt", "nowhere:x", "HEAD:./other.txt"]
    assert git.contents(names) == ["7\n8 blob 2\n", "", "", "7\n8 blob 2\n"]
    assert git.contents([]) == []
