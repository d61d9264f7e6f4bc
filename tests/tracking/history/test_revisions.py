"""The runs of commits and experiments, from what real Git and a cache as DVC writes it hold."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pixelproof.errors import UserError
from pixelproof.tracking.history.revisions import ModelRevision, all_runs, runs_by_commit, runs_of
from pixelproof.tracking.run.record import write_records
from tests.support.git import commit, git
from tests.support.runs import a_record


def test_a_commit_leads_to_its_run_without_dvcs_files(repository: Path) -> None:
    """Else a clone would have to pull every model to show the list of its experiments."""
    write_records([a_record("one", tags={"weights_sha256": "w-one"})], Path("reports/records/cnn.json"))
    first, one = commit("one")
    shutil.rmtree(".dvc")
    assert runs_of(first) == [ModelRevision(first, "cnn", "one", "w-one", 0.9, one)]


def test_a_commit_leads_to_its_runs(repository: Path) -> None:
    """Else no number of an old commit could be looked up in MLflow."""
    first, one = commit("one")
    _, two = commit("two", accuracy=0.8)
    assert runs_of(first) == [ModelRevision(first, "cnn", "one", "w-one", 0.9, one)]
    assert runs_of("HEAD") == [ModelRevision("HEAD", "cnn", "two", "w-two", 0.8, two)]


def test_an_experiment_leads_to_its_runs_by_its_name(repository: Path) -> None:
    """Else what `dvc exp show` lists could not be found in MLflow."""
    base, one = commit("one")
    tried, other = commit("tried", accuracy=0.95)
    git("reset", "--quiet", "--hard", base)
    git("update-ref", f"refs/exps/{base[:2]}/{base[2:]}/tidy-moss", tried)
    git("update-ref", "refs/exps/exec/EXEC_BRANCH", tried)  # DVC's own, no experiment
    found = ModelRevision("tidy-moss", "cnn", "tried", "w-tried", 0.95, other)
    assert runs_of("tidy-moss") == [found]
    assert all_runs() == [ModelRevision("HEAD", "cnn", "one", "w-one", 0.9, one), found]


def test_the_runs_of_every_commit_are_found_each_once(repository: Path) -> None:
    """Else a model could not be traced to a commit that is older than the last one."""
    commits = [commit(run_id)[0] for run_id in ("one", "two", "three")]
    git("commit", "--quiet", "--allow-empty", "-m", "words only")
    found = [(run.revision, run.run_id) for run in runs_by_commit()]
    head = git("rev-parse", "HEAD")
    assert found == [(head, "three"), (commits[2], "three"), (commits[1], "two"), (commits[0], "one")]


def test_a_project_below_the_top_of_its_repository_is_read(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a repository with several projects would seem to have no runs."""
    below = repository / "below"
    below.mkdir()
    monkeypatch.chdir(below)
    _, one = commit("one")
    assert runs_of("HEAD") == [ModelRevision("HEAD", "cnn", "one", "w-one", 0.9, one)]
    assert [run.run_id for run in runs_by_commit()] == ["one"]


def test_a_model_that_was_not_evaluated_has_no_accuracy(repository: Path) -> None:
    """Else an experiment that only trains would show its baseline's accuracy as its own."""
    _, baseline = commit("one")
    _, two = commit("two", evaluated=baseline)
    assert runs_of("HEAD") == [ModelRevision("HEAD", "cnn", "two", "w-two", None, two)]


def test_a_model_that_the_cache_lacks_is_listed_without_its_run(repository: Path) -> None:
    """Else a clone that has not pulled yet would seem to have no experiments, or stop with a traceback."""
    commit("one")
    for path in (repository / ".dvc/cache").rglob("*"):
        if path.is_file():
            path.unlink()
    assert [(run.run_id, run.accuracy) for run in runs_of("HEAD")] == [(None, 0.9)]


def test_a_cache_elsewhere_is_found(
    repository: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else a team that shares a cache would find no run, or a person who has one cache for all projects."""
    commit("one")
    elsewhere, settings = tmp_path_factory.mktemp("shared") / "cache", tmp_path_factory.mktemp("settings")
    (repository / ".dvc/cache").rename(elsewhere)
    monkeypatch.setenv("DVC_GLOBAL_CONFIG_DIR", str(settings))
    (settings / "config").write_text(f"[cache]\n    dir = {elsewhere}\n")
    assert runs_of("HEAD")[0].run_id == "one"


def test_an_accuracy_is_of_the_model_that_was_evaluated_also_by_a_stage_between(repository: Path) -> None:
    """Else a pipeline that keeps the models' answers apart from their comparison would show no accuracy."""
    git("init", "--quiet")
    _, trained = commit("one")
    text = Path("dvc.lock").read_text()
    answers = "    - path: answers/cnn\n      md5: 0123\n"
    text = text.replace("    - path: models/cnn\n      hash: md5\n      md5: " + trained, answers, 1)
    between = f"  answer@cnn:\n    deps:\n    - path: models/cnn\n      md5: {trained}\n    outs:\n{answers}"
    for asked, accuracy in ((trained, 0.9), ("another", None)):
        Path("dvc.lock").write_text(text + between.replace(trained, asked))
        git("commit", "--quiet", "--all", "-m", "a stage between")
        assert [run.accuracy for run in runs_of("HEAD")] == [accuracy]


@pytest.mark.parametrize(
    ("revision", "words"), [("nothing-like-it", "no such commit"), ("HEAD", "names no trained model")]
)
def test_a_revision_without_runs_is_told(repository: Path, revision: str, words: str) -> None:
    """Else a typing error would look like an experiment without runs."""
    git("commit", "--quiet", "--allow-empty", "-m", "empty")
    with pytest.raises(UserError, match=words):
        runs_of(revision)


def test_a_name_that_is_an_option_of_git_is_no_option(repository: Path) -> None:
    """Else a revision could make Git do something else."""
    commit("one")
    with pytest.raises(UserError):
        runs_of("--all")


def loaded_modules(code: str) -> Any:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_neither_mlflow_nor_dvc_is_loaded() -> None:
    """Else the list would take five seconds, of which four are imports."""
    code = "import json, sys, pixelproof.tracking.history.revisions; print(json.dumps(sorted(sys.modules)))"
    assert not {"mlflow", "dvc", "keras", "pandas"} & set(loaded_modules(code))
