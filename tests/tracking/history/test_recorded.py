"""What Git and DVC's cache keep of runs, found in real Git and a cache as DVC writes it."""

import hashlib
import json
from pathlib import Path

import pytest

from pixelproof.tracking.history.recorded import recorded_runs
from pixelproof.tracking.run.record import RECORD, write_record
from tests.support.git import git, keep
from tests.support.runs import a_record, an_addition

NOTHING = Path("nothing")
OUT = """\
    - path: {path}
      hash: md5
      md5: {md5}
      size: 9
"""


def commit(message: str, outputs: dict[str, dict[str, str]]) -> str:
    """Commit a dvc.lock with these outputs, each a folder of files that are in the cache; return the commit."""
    outs = ""
    for path, files in outputs.items():
        listed = [{"md5": keep(content), "relpath": name} for name, content in files.items()]
        outs += OUT.format(path=path, md5=keep(json.dumps(listed), ".dir"))
    Path("dvc.lock").write_text(f"schema: '2.0'\nstages:\n  train@mlp:\n    outs:\n{outs}")
    git("add", "dvc.lock")
    git("commit", "--quiet", "-m", message)
    return git("rev-parse", "HEAD")


def training(run_id: str) -> dict[str, str]:
    return {RECORD: a_record(run_id).model_dump_json()}


def evaluation(run_id: str, written: int) -> dict[str, str]:
    return {RECORD: an_addition(written, 0.9, run_id).record.model_dump_json()}


def test_every_commit_branch_and_experiment_gives_its_runs_once(repository: Path) -> None:
    """Else the history of a project would be lost with MLflow's database."""
    base = commit("one", {"models/mlp": training("one"), "reports/runs/mlp": evaluation("one", 5)})
    commit("two", {"models/mlp": training("two")})
    git("checkout", "--quiet", "-b", "aside", base)
    commit("three", {"models/mlp": training("three")})
    git("checkout", "--quiet", "--detach", base)
    tried = commit("tried", {"models/mlp": training("one"), "reports/runs/mlp": evaluation("one", 9)})
    git("checkout", "--quiet", "aside")
    git("update-ref", f"refs/exps/{base[:2]}/{base[2:]}/tidy-moss", tried)
    runs, gaps = recorded_runs(NOTHING)
    assert {run.training.record.run_id: len(run.additions) for run in runs} == {"one": 2, "two": 0, "three": 0}
    assert gaps == []


def test_what_is_not_committed_counts_too(repository: Path) -> None:
    """Else a training would not be delivered before it is committed."""
    write_record(a_record("here"), Path("models/mlp"))
    write_record(an_addition(5, 0.9, "here").record, Path("reports/runs/mlp"))
    ((run,), _) = recorded_runs(NOTHING)
    assert (run.training.record.run_id, len(run.additions)) == ("here", 1)


def test_what_the_cache_lacks_is_named_once(repository: Path) -> None:
    """Else a clone that has not pulled yet would seem to have rebuilt everything."""
    base = commit("one", {"models/mlp": training("one")})
    for path in Path(".dvc/cache").rglob("*"):
        if path.is_file():
            path.unlink()
    git("tag", "v1")
    runs, gaps = recorded_runs(NOTHING)
    assert runs == []
    assert gaps == [f"commit {base[:7]}: models/mlp is not in DVC's cache; `dvc pull` or `dvc exp pull` brings it"]


def test_a_training_of_an_earlier_version_is_named(repository: Path) -> None:
    """It has no record; to leave it out without a word would hide that MLflow lacks it."""
    commit("old", {"models/mlp": {"run.json": '{"run_id": "old"}'}})
    _, (gap,) = recorded_runs(NOTHING)
    assert "kept no record" in gap


def test_a_file_of_a_record_that_the_cache_lacks_is_named(repository: Path) -> None:
    """Else a run would be rebuilt without its model."""
    commit("one", {"models/mlp": {RECORD: a_record("one", model="mlp").model_dump_json(), "mlflow/MLmodel": "x"}})
    assert recorded_runs(NOTHING)[1] == []
    Path(".dvc/cache/files/md5", (md5 := hashlib.md5(b"x").hexdigest())[:2], md5[2:]).unlink()
    runs, gaps = recorded_runs(NOTHING)
    assert runs == []
    assert "models/mlp/mlflow/MLmodel is not in DVC's cache" in gaps[0]


def test_outside_git_only_this_folder_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a project without Git could not deliver anything."""
    monkeypatch.chdir(tmp_path)
    write_record(a_record("here"), Path("models/mlp"))
    assert [run.training.record.run_id for run in recorded_runs(NOTHING)[0]] == ["here"]
