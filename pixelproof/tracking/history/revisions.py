"""The trained models that commits and DVC experiments hold, by Git and DVC's cache; DVC and MLflow are not loaded."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pixelproof.errors import UserError
from pixelproof.paths import METRICS, RECORDS
from pixelproof.repository import git, lock
from pixelproof.repository.cache import Cache

MODELS = ("cnn", "mlp")
EXPERIMENTS = "refs/exps"  # below it DVC keeps a reference per experiment: <baseline>/<name>


@dataclass(frozen=True)
class ModelRevision:
    """A trained model as a revision has it; several revisions may have the same one, of the same run."""

    revision: str
    model: str
    run_id: str | None  # none before 2026-11-27, where DVC's cache does not hold the model; `dvc pull` brings it
    weights_sha256: str | None
    accuracy: float | None  # on the test part; none where this model has not been evaluated
    md5: str  # of the folder models/<model>, as dvc.lock names it


def runs_of(revision: str) -> list[ModelRevision]:
    """Return the models of a commit, branch, tag or experiment. Raises UserError for one that has none."""
    git.require()
    reference = next((ref for name, ref in _experiments() if name == revision), revision)
    if not git.ask("rev-parse", "--verify", "--quiet", f"{reference}^{{commit}}"):
        raise UserError(
            f"{revision!r}: no such commit, branch, tag or experiment. `dvc exp show -A` lists the experiments."
        )
    found = list(_models([(revision, reference)]))
    if not found:
        raise UserError(f"{revision!r}: its dvc.lock names no trained model. Run `dvc repro` there.")
    return found


def all_runs() -> list[ModelRevision]:
    """Return the models of the last commit and of all experiments."""
    git.require()
    return list(_models([("HEAD", "HEAD"), *_experiments()]))


def runs_by_commit() -> Iterator[ModelRevision]:
    """Yield the models of the last commit, all experiments, then every commit that wrote dvc.lock, newest first.

    Their `revision` is the whole hash of a commit.
    """
    git.require()
    references = ["HEAD", *(reference for _, reference in _experiments())]
    wrote = git.ask("rev-list", "--all", "HEAD", "--", str(lock.LOCK)).split()
    commits = dict.fromkeys(git.ask("rev-parse", *references).split() + wrote)
    yield from _models([(commit, commit) for commit in commits])


def locks() -> list[str]:
    """Return every dvc.lock of all branches, tags and experiments."""
    return git.contents(list(git.files_ever(str(lock.LOCK))))


def _experiments() -> list[tuple[str, str]]:
    """Return the name and the reference of every experiment, the newest first."""
    references = git.ask("for-each-ref", "--sort=-committerdate", "--format=%(refname)", EXPERIMENTS).splitlines()
    kept = [ref for ref in references if re.fullmatch(rf"{EXPERIMENTS}/[0-9a-f]{{2}}/[0-9a-f]{{38}}/.+", ref)]
    return [(ref.split("/", 4)[4], ref) for ref in kept]


def _models(revisions: Sequence[tuple[str, str]]) -> Iterator[ModelRevision]:
    """Yield the models of revisions, each given by the name that is shown and by what Git calls it."""
    cache = Cache()
    lock_files = git.contents([_in(reference, lock.LOCK) for _, reference in revisions])
    reports = git.contents([_in(reference, METRICS) for _, reference in revisions])
    names = [_in(reference, RECORDS / f"{model}.json") for _, reference in revisions for model in MODELS]
    records = iter(git.contents(names))
    for (name, _), text, report in zip(revisions, lock_files, reports, strict=True):
        kept = {model: next(records) for model in MODELS}
        yield from _models_in(name, lock.parse(text), _mapping(report), cache, kept)


def _models_in(
    name: str,
    stages: Mapping[str, lock.LockedStage],
    metrics: Mapping[str, Any],
    cache: Cache,
    records: Mapping[str, str],
) -> Iterator[ModelRevision]:
    trained, evaluated = lock.outputs(stages), lock.made_from(stages, "evaluate")
    for model in MODELS:
        path = f"models/{model}"
        if path in trained:
            accuracy = metrics.get(model, {}).get("accuracy") if (path, trained[path]) in evaluated else None
            run = _run_json(cache, trained[path]) or _recorded(records[model])
            yield ModelRevision(name, model, run.get("run_id"), run.get("weights_sha256"), accuracy, trained[path])


def _run_json(cache: Cache, md5: str) -> Mapping[str, Any]:
    """Return the run.json of a model's folder in DVC's cache; nothing where it is not there."""
    path = cache.files(md5).get("run.json")
    return _mapping(path.read_text("utf-8")) if path and path.is_file() else {}


def _recorded(text: str) -> Mapping[str, Any]:
    """Return what run.json says of a run, from its record in Git; nothing where there is none."""
    found = _json(text)
    record = found[0] if isinstance(found, list) and found else {}
    return {"run_id": record.get("run_id"), "weights_sha256": record.get("tags", {}).get("weights_sha256")}


def _mapping(text: str) -> Mapping[str, Any]:
    found = _json(text)
    return found if isinstance(found, Mapping) else {}


def _json(text: str) -> Any:
    """Return the content of JSON text; None where it is not, as after a merge gone wrong."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def _in(revision: str, path: object) -> str:
    """Return what Git calls a file of the project in a revision, also of a project below the top of its repository."""
    return f"{revision}:./{path}"
