"""The runs of a commit or of a DVC experiment, by what Git and DVC's cache hold; DVC and MLflow are not loaded."""

import configparser
import json
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from pixelproof.errors import UserError

MODELS = ("cnn", "mlp")
EXPERIMENTS = "refs/exps"  # below it DVC keeps a reference per experiment: <baseline>/<name>
STAGE = re.compile(r"^  (\S+):\n", re.MULTILINE)  # of a dvc.lock, as DVC writes it: to parse it as YAML takes 0.3 s
NO_GIT = "git: this program is not there, and it keeps what is asked for."
MODEL = re.compile(r"path: models/(\w+)\n\s+hash: md5\n\s+md5: ([0-9a-f]{32}\.dir)")


@dataclass(frozen=True)
class RevisionRun:
    """What a revision's files say of one model's training."""

    revision: str
    model: str
    run_id: str | None  # none where DVC's cache does not hold the model; `dvc pull` brings it
    weights_sha256: str | None
    accuracy: float | None  # on the test part; none where this model has not been evaluated
    md5: str  # of the folder models/<model>, as dvc.lock names it


def runs_of(revision: str) -> list[RevisionRun]:
    """Return the runs of a commit, branch, tag or experiment. Raises UserError for one that has none."""
    reference = next((ref for name, ref in _experiments() if name == revision), revision)
    if not _git("rev-parse", "--verify", "--quiet", f"{reference}^{{commit}}"):
        raise UserError(f"{revision!r}: no commit, branch, tag or experiment. `dvc exp show -A` lists the experiments.")
    found = list(_runs([(revision, reference)]))
    if not found:
        raise UserError(f"{revision!r}: its dvc.lock names no trained model. Run `dvc repro` there.")
    return found


def all_runs() -> list[RevisionRun]:
    """Return the runs of the last commit and of all experiments."""
    return list(_runs([("HEAD", "HEAD"), *_experiments()]))


def runs_by_commit() -> Iterator[RevisionRun]:
    """Yield the runs of the last commit, of all experiments, then of every commit that wrote dvc.lock, newest first.

    Their `revision` is the whole hash of a commit.
    """
    references = ["HEAD", *(reference for _, reference in _experiments())]
    commits = _git("rev-parse", *references).split() + _git("rev-list", "--all", "HEAD", "--", "dvc.lock").split()
    yield from _runs([(commit, commit) for commit in dict.fromkeys(commits)])


def _experiments() -> list[tuple[str, str]]:
    """Return the name and the reference of every experiment, the newest first."""
    references = _git("for-each-ref", "--sort=-committerdate", "--format=%(refname)", EXPERIMENTS).splitlines()
    kept = [ref for ref in references if re.fullmatch(rf"{EXPERIMENTS}/[0-9a-f]{{2}}/[0-9a-f]{{38}}/.+", ref)]
    return [(ref.split("/", 4)[4], ref) for ref in kept]


def _runs(revisions: Sequence[tuple[str, str]]) -> Iterator[RevisionRun]:
    """Yield the runs of revisions, each given by the name that is shown and by what Git calls it."""
    lock_files = _contents([f"{reference}:./dvc.lock" for _, reference in revisions])
    reports = _contents([f"{reference}:./reports/metrics.json" for _, reference in revisions])
    for (name, _), lock, report in zip(revisions, lock_files, reports, strict=True):
        yield from _runs_in(name, lock, _json(report))


def _runs_in(name: str, lock: str, metrics: Mapping[str, Any]) -> Iterator[RevisionRun]:
    _, *parts = STAGE.split(lock)
    models = {stage: dict(MODEL.findall(text)) for stage, text in zip(parts[::2], parts[1::2], strict=True)}
    for model in MODELS:
        trained = models.get(f"train@{model}", {}).get(model)
        if trained:
            record = _record(trained) or {}
            evaluated = models.get("evaluate", {}).get(model) == trained
            accuracy = metrics.get(model, {}).get("accuracy") if evaluated else None
            yield RevisionRun(name, model, record.get("run_id"), record.get("weights_sha256"), accuracy, trained)


def _contents(names: Sequence[str]) -> list[str]:
    """Return the content of each file that Git has under these names; nothing for one that it has not.

    One process for all of them: fifty experiments would start a hundred.
    """
    try:
        command = ["git", "cat-file", "--batch"]
        done = subprocess.run(command, input="\n".join(names).encode(), capture_output=True, check=False)
    except OSError:
        raise UserError(NO_GIT) from None
    contents, begin = [], 0
    while begin < len(done.stdout):  # "<hash> blob <bytes>", a line end, the bytes, a line end; or "<name> missing"
        head, _, _ = done.stdout[begin:].partition(b"\n")
        begin += len(head) + 1
        size = head.rpartition(b" ")[2]
        end = begin + int(size) if size.isdigit() else begin
        contents.append(done.stdout[begin:end].decode("utf-8"))
        begin = end + size.isdigit()
    return contents or [""] * len(names)


def locks() -> Iterator[tuple[str, str]]:
    """Yield every dvc.lock of all branches, tags and experiments, each with a name for where it stands."""
    names = {_git("rev-parse", ref).strip(): f"experiment {name}" for name, ref in _experiments()}
    for commit in _git("rev-list", "--all", "--full-history", "--", "dvc.lock").split():
        yield names.get(commit, f"commit {commit[:7]}"), _git("show", f"{commit}:./dvc.lock")


def cached_files(md5: str) -> dict[str, Path]:
    """Return the files of a folder in DVC's cache by their paths in it; nothing where the cache lacks the folder.

    Whether the cache has a file of it is another question.
    """
    listed = _json(_cached(md5))
    return {file["relpath"]: _place(file["md5"]) for file in listed} if isinstance(listed, list) else {}


def _record(md5: str) -> dict[str, Any] | None:
    """Return the run.json of a folder in DVC's cache; none where it is not there."""
    path = cached_files(md5).get("run.json")
    record = _json(path.read_text("utf-8")) if path and path.is_file() else None
    return record if isinstance(record, dict) else None


def _cached(md5: str) -> str:
    path = _place(md5)
    return path.read_text("utf-8") if path.is_file() else ""


def _place(md5: str) -> Path:
    return cache_folder() / "files" / "md5" / md5[:2] / md5[2:]


@cache
def cache_folder() -> Path:
    """Return where DVC's cache is, by the project's own configuration."""
    here = Path.cwd()
    root = next((up / ".dvc" for up in (here, *here.parents) if (up / ".dvc").is_dir()), here / ".dvc")
    config = configparser.ConfigParser()
    config.read([root / "config", root / "config.local"], encoding="utf-8")
    return root / config.get("cache", "dir", fallback="cache")


def _json(text: str) -> Any:
    return json.loads(text) if text else {}


def _git(*arguments: str) -> str:
    try:
        return subprocess.run(["git", *arguments], capture_output=True, text=True, check=False).stdout
    except OSError:
        raise UserError(NO_GIT) from None
