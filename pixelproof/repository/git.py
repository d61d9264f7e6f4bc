"""The one module that runs Git."""

import os
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from pixelproof.errors import UserError

NOT_FOUND = "git: this program was not found. Install Git, or put its folder on the PATH."
NO_CHANGES: Mapping[str, str] = {}


def run(*arguments: str, folder: Path | None = None) -> str:
    """Return what Git prints, without the last line end. Raises UserError with Git's own words if it fails.

    `folder` is where it runs, else the working folder; this holds for all of this module.
    """
    done = _run(arguments, folder)
    if done is None:
        raise UserError(NOT_FOUND)
    if done.returncode:
        where = f"{folder}: " if folder else ""
        words = done.stderr.decode(errors="replace").strip()
        raise UserError(f"{where}`{shlex.join(['git', *arguments])}` failed: {words}")
    return os.fsdecode(done.stdout).rstrip("\n")


def ask(*arguments: str, folder: Path | None = None, environment: Mapping[str, str] = NO_CHANGES) -> str:
    """Return what Git prints, without the last line end; nothing where there is no Git, repository or commit."""
    return os.fsdecode(output(*arguments, folder=folder, environment=environment) or b"").rstrip("\n")


def output(*arguments: str, folder: Path | None = None, environment: Mapping[str, str] = NO_CHANGES) -> bytes | None:
    """Return the very bytes that Git prints; None where there is no Git, repository or commit."""
    done = _run(arguments, folder, environment)
    return done.stdout if done and not done.returncode else None


def contents(names: Sequence[str], folder: Path | None = None) -> list[str]:
    """Return the text of each file that Git has under these names, `<revision>:<path>`; empty for what it lacks."""
    return [content.decode(errors="replace") for content in blobs(names, folder)]


def blobs(names: Sequence[str], folder: Path | None = None) -> list[bytes]:
    """Return the content of each object that Git has under these names; empty for what it lacks.

    One process for all of them: fifty experiments would start a hundred.
    """
    done = _run(("cat-file", "--batch"), folder, asked="\n".join(names).encode())
    answer = done.stdout if done else b""
    found, begin = [], 0
    while begin < len(answer):  # "<hash> blob <bytes>", a line end, the bytes, a line end; or "<name> missing"
        end_of_line = answer.index(b"\n", begin)
        size = answer[begin:end_of_line].rpartition(b" ")[2]
        begin = end_of_line + 1
        end = begin + int(size) if size.isdigit() else begin
        found.append(answer[begin:end])
        begin = end + size.isdigit()
    return found or [b""] * len(names)


def files_ever(*folders: str) -> dict[str, str]:
    """Return the hash of every content that a file in these folders has had in any commit, with the file's path.

    Of all branches, tags and DVC experiments. Paths are relative to the project, which is the working folder.
    """
    prefix = ask("rev-parse", "--show-prefix")
    named = ask("-c", "core.quotePath=false", "rev-list", "--all", "--full-history", "--objects", "--", *folders)
    listed = (line.partition(" ") for line in named.splitlines())
    return {name: path.removeprefix(prefix) for name, _, path in listed if "." in path.rpartition("/")[2]}


def require() -> None:
    """Raise UserError where the program is not installed: for what only Git knows."""
    if _run(("--version",)) is None:
        raise UserError(NOT_FOUND)


def _run(
    arguments: Sequence[str],
    folder: Path | None = None,
    environment: Mapping[str, str] = NO_CHANGES,
    asked: bytes | None = None,
) -> subprocess.CompletedProcess[bytes] | None:
    """Run Git to its end; None where there is no such program."""
    everything = {**os.environ, **environment} if environment else None
    try:
        return subprocess.run(
            ["git", *arguments], cwd=folder, env=everything, input=asked, capture_output=True, check=False
        )
    except OSError:
        return None
