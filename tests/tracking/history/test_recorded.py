"""What Git and DVC's cache keep of runs, found in real Git and a cache as DVC writes it."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from pixelproof.tracking.delivery import kept
from pixelproof.tracking.history.recorded import History, history
from pixelproof.tracking.run.record import (
    CHANGES,
    MODEL,
    RECORD,
    Record,
    RecordedRun,
    RunFolder,
    write_record,
    write_records,
)
from tests.support.git import git, keep
from tests.support.runs import START, a_record, an_addition, curve

CACHE = Path(".dvc/cache")
OUT = """\
    - path: {path}
      hash: md5
      md5: {md5}
      size: 9
"""


@pytest.fixture
def found(repository: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The function under test, in an empty repository."""
    monkeypatch.delenv("DVC_ROOT", raising=False)
    Path(".gitignore").write_text(".dvc\n")
    return lambda: history(tmp_path_factory.mktemp("scratch"))


def commit(*paths: str) -> str:
    git("add", "--all", *paths)
    git("commit", "--quiet", "-m", "more")
    return git("rev-parse", "HEAD")


def cached(outputs: dict[str, dict[str, str]]) -> str:
    """Write a dvc.lock with these outputs, each a folder of files that are in the cache; return its list of outputs."""
    outs = ""
    for path, files in outputs.items():
        listed = [{"md5": keep(content), "relpath": name} for name, content in files.items()]
        outs += OUT.format(path=path, md5=keep(json.dumps(listed), ".dir"))
    Path("dvc.lock").write_text(f"schema: '2.0'\nstages:\n  train@mlp:\n    outs:\n{outs}")
    return outs


def training(run_id: str, **changes: Any) -> dict[str, str]:
    return {RECORD: a_record(run_id, **changes).model_dump_json()}


def evaluation(run_id: str, written: int) -> dict[str, str]:
    return {RECORD: an_addition(written, 0.9, run_id).record.model_dump_json()}


def keep_run(run_id: str, artifacts: dict[str, Path] | None = None, **changes: Any) -> None:
    artifacts = artifacts or {}
    kept.keep(RunFolder(a_record(run_id, artifacts=[*artifacts], **changes), artifacts))


def counts(found: History) -> dict[str, int]:
    """Return the number of additions of each run, by its id."""
    return {run.training.record.run_id: len(run.additions) for run in found.runs}


def only(found: History) -> RecordedRun:
    (run,) = found.runs
    return run


def test_runs_of_every_commit_branch_and_experiment_come_from_git_alone(found: Any) -> None:
    """Else a clone without `dvc pull` would have lost what was trained, or an experiment its run."""
    keep_run("one")
    kept.keep_addition(an_addition(5, 0.9, "one").record)
    base = commit()
    keep_run("two")
    commit()
    git("checkout", "--quiet", "-b", "aside", base)
    keep_run("three")
    commit()
    git("checkout", "--quiet", "--detach", base)
    write_records([a_record("tried")], Path("reports/records/mlp.json"))  # DVC commits what stages write, and no more
    added = [an_addition(9, 0.9, "one").record, an_addition(8, 0.9, "two").record]
    write_records(added, Path("reports/records/evaluated.json"))
    git("update-ref", f"refs/exps/{base[:2]}/{base[2:]}/tidy-moss", commit())
    git("checkout", "--quiet", "aside")
    for folder in ("runs", "reports"):
        shutil.rmtree(folder, ignore_errors=True)
    assert counts(found()) == {"one": 2, "two": 1, "three": 0, "tried": 0}
    assert not CACHE.exists()


def test_a_run_that_a_later_one_has_replaced_is_still_there(found: Any) -> None:
    """Else ten edits of params.yaml would leave one run: DVC has a single output of a training."""
    keep_run("first")
    keep_run("second", status="FAILED")
    keep_run("third", status="KILLED")
    assert counts(found()).keys() == {"first", "second", "third"}


def test_what_was_not_committed_then_comes_from_git_too(found: Any, tmp_path: Path) -> None:
    """Else no run of a clone could be trained again."""
    (tmp_path / "diff").write_bytes(b"binary \xff")
    keep_run("one", {CHANGES: tmp_path / "diff"}, files={CHANGES: "e0b3f5ab7b1a5a3ac3dd2c7d5a5f1f0d"})
    (tmp_path / "diff").write_bytes(b"binary \xff")
    record = Path("runs/one") / RECORD
    from pixelproof.tracking.run.record import md5_of

    record.write_text(record.read_text().replace("e0b3f5ab7b1a5a3ac3dd2c7d5a5f1f0d", md5_of(tmp_path / "diff")))
    (tmp_path / "diff").unlink()
    commit("runs")
    shutil.rmtree("runs")
    assert only(found()).training.artifacts()[CHANGES].read_bytes() == b"binary \xff"


def test_a_model_is_found_by_its_hash_and_its_lack_is_no_lack_of_the_run(found: Any) -> None:
    """Else a run would wait for its model, or get that of another run."""
    keep_run("one", model="mlp", files={f"{MODEL}/MLmodel": keep("mine")})
    cached({"models/mlp": {"mlflow/MLmodel": "another's"}})
    run = only(found())
    assert run.training.model_files()["MLmodel"].read_text() == "mine"
    assert run.training.has_model
    shutil.rmtree(CACHE)
    run = only(found())
    assert (run.training.record.run_id, run.training.has_model) == ("one", False)


def test_a_run_whose_process_is_gone_was_killed_and_one_that_trains_is_left_alone(
    found: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else `sync` would end a training's run while it goes on, or show one as going on that a power cut has ended."""
    going_on = {"status": "RUNNING", "ended": None, "metrics": curve({1: 0.5, 7: 0.4})}
    keep_run("here", **going_on)
    assert found().runs == []
    monkeypatch.setattr(kept, "this_process", lambda: "elsewhere 1 0")
    keep_run("here", **going_on)
    record = only(found()).training.record
    assert (record.status, record.ended) == ("KILLED", START + 7)


def test_the_last_word_on_a_run_counts(found: Any) -> None:
    """Else a training that was stopped and went on would seem stopped, in a clone with both records."""
    keep_run("one", status="KILLED", ended=START + 5)
    commit()
    keep_run("one", ended=START + 9)
    assert only(found()).training.record.status == "FINISHED"
    commit()
    shutil.rmtree("runs")
    assert only(found()).training.record.status == "FINISHED"


def test_what_stages_wrote_here_without_git_counts_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a project without Git could not deliver anything."""
    monkeypatch.chdir(tmp_path)
    write_record(a_record("here"), Path("models/mlp"))
    write_record(an_addition(5, 0.9, "here").record, Path("reports/runs/mlp"))
    Path("scratch").mkdir()
    assert counts(history(Path("scratch"))) == {"here": 1}


def test_runs_that_earlier_versions_left_to_dvc_are_found(found: Any) -> None:
    """Else the history from before would be lost with MLflow's database; DVC's run cache has what was overwritten."""
    outs = cached({"models/mlp": training("overwritten"), "reports/runs/mlp": evaluation("one", 9)})
    ran = CACHE / "runs/ab/abc/def"
    ran.parent.mkdir(parents=True)
    ran.write_text(f"cmd: train\nouts:\n{outs}")
    (ran.parent / "broken").write_text("outs: [")
    cached({"models/mlp": training("one", artifacts=[CHANGES]) | {CHANGES: "x"}})
    commit("dvc.lock")
    history = found()
    assert counts(history) == {"overwritten": 0, "one": 1}
    assert history.only_in_cache == {"overwritten", "one"}
    (kept_one,) = [run for run in history.runs if run.training.record.run_id == "one"]
    assert kept_one.training.record.files.keys() == {CHANGES}


def test_what_only_a_pull_can_bring_is_counted_and_what_git_has_is_not(found: Any) -> None:
    """Else a clone would be told of records that it has, or would take an empty cache for an empty history."""
    cached({"models/mlp": training("old")})
    commit("dvc.lock")
    outs = cached({"models/mlp": training("new"), "reports/records/mlp.json": training("new")})
    write_records([a_record("new")], Path("reports/records/mlp.json"))
    commit("dvc.lock", "reports")
    Path("dvc.lock").write_text(f"schema: '2.0'\nstages:\n  page:\n    deps:\n{outs}")
    commit("dvc.lock")
    shutil.rmtree(CACHE)
    history = found()
    assert (counts(history), history.not_in_cache, history.unreadable) == ({"new": 0}, 1, [])


def test_a_record_that_a_merge_has_broken_is_named(found: Any) -> None:
    """Else one broken file would keep all runs from being delivered, or be left out without a word."""
    keep_run("one")
    Path("runs/two").mkdir()
    Path("runs/two", RECORD).write_text("<<<<<<< HEAD")
    history = found()
    assert counts(history) == {"one": 0}
    assert [line.partition(":")[0] for line in history.unreadable] == [str(Path.cwd() / "runs/two/record.json")]


def test_a_large_file_is_left_to_dvc(found: Any, tmp_path: Path) -> None:
    """Else a picture that somebody edited would stay in Git for ever."""
    (tmp_path / "large").write_bytes(bytes(kept.LARGEST_FILE + 1))
    keep_run("one", {CHANGES: tmp_path / "large"})
    assert [path.name for path in Path("runs/one").iterdir()] == [RECORD]


def test_records_are_of_the_shape_that_is_written(found: Any) -> None:
    """A file in Git outlives the code that wrote it; what is read today is what is written today."""
    keep_run("one", model="mlp")
    assert isinstance(only(found()).training.record, Record)
