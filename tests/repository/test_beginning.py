"""What `make repro` says before DVC starts: a project that came without Git, a photo whose name DVC stops at."""

import os
import pty
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.imports import ROOT

COMMAND = [sys.executable, "-m", "stages.beginning"]
BARE = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}


def ask(folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run it as a script does, without a terminal."""
    seen = {**BARE, **environment}
    options = {"cwd": folder, "env": seen, "stdin": subprocess.DEVNULL}
    return subprocess.run(COMMAND, capture_output=True, text=True, check=False, **options)  # type: ignore[call-overload]


def ask_at_terminal(folder: Path, answer: bytes) -> tuple[int, str]:
    """Run it at a terminal, where `answer` is typed; return its status and all that was seen."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(COMMAND, cwd=folder, env=BARE, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        seen = b""
        while b"[y/N]" not in seen:
            seen += os.read(ours, 1024)
        os.write(ours, answer)
        while True:
            try:
                seen += os.read(ours, 1024)
            except OSError:  # the other side is closed
                break
    os.close(ours)
    return process.returncode, seen.decode()


def test_without_a_repository_it_explains_and_makes_none(tmp_path: Path) -> None:
    """Else `make repro` would end in DVC's words without a remedy, or files appear that nobody asked for."""
    done = ask(tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {tmp_path}: there is no Git repository")
    assert "git init && git add --all && git commit" in done.stderr
    assert done.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(("answer", "made"), [(b"y\n", True), (b"n\n", False), (b"\n", False), (b"\x04", False)])
def test_at_a_terminal_it_asks(tmp_path: Path, answer: bytes, made: bool) -> None:
    """Else the offer would be an order, or no offer."""
    shutil.copy(ROOT / "params.yaml", tmp_path)
    status, seen = ask_at_terminal(tmp_path, answer)
    assert "Run `git init` here?" in seen
    assert "Traceback" not in seen
    assert (status == 0, (tmp_path / ".git").is_dir()) == (made, made)


def test_in_a_repository_it_says_nothing(tmp_path: Path) -> None:
    """Else every `make repro` would begin with words, also where the project is a folder of a larger repository."""
    subprocess.run(["git", "init", "--quiet", tmp_path], check=True)
    (tmp_path / "inside").mkdir()
    for folder in (tmp_path, tmp_path / "inside"):
        shutil.copy(ROOT / "params.yaml", folder)
        done = ask(folder)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_without_git_it_names_the_program(tmp_path: Path) -> None:
    """Else the message would ask for a repository that cannot be made."""
    done = ask(tmp_path, PATH=str(tmp_path))
    assert done.returncode == 1
    assert "`git` is not installed" in done.stderr


def test_a_name_that_dvc_stops_at_is_told_before_dvc_starts(tmp_path: Path) -> None:
    """Else a photo that came to a source which DVC knows already would end `make repro` in a codec's words."""
    project, source = tmp_path / "project", tmp_path / "photos"
    subprocess.run(["git", "init", "--quiet", project], check=True)
    (source / "cat").mkdir(parents=True)
    params = (ROOT / "params.yaml").read_text("utf-8")
    (project / "params.yaml").write_text(re.sub(r"(?m)^(  source:) \S+", rf"\1 {source}", params), encoding="utf-8")
    assert ask(project).returncode == 0
    Path(os.fsdecode(os.fsencode(source) + b"/cat/caf\xe9.png")).write_bytes(b"")
    done = ask(project)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: {source}: the name of the file ")
    assert "Rename it, perhaps to" in done.stderr
    assert done.stderr.count("\n") == 1
