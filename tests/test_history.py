"""Every run that ever ended, rebuilt from Git alone: by real DVC, Git and MLflow, in a clone and after `dvc gc`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.borders import border, killed, start
from tests.support.prepared import Prepared
from tests.support.project import Project
from tests.support.runs import everything

pytestmark = pytest.mark.slow

HEAVY = ("models", "artifacts")  # what DVC keeps, and `dvc pull` brings
MARKS = ("pixelproof.evaluated", "pixelproof.explained")
STAGE_FAILED = 255  # DVC's exit status
AUTHOR = {
    f"GIT_{role}_{key}": value
    for role in ("AUTHOR", "COMMITTER")
    for key, value in (("NAME", "t"), ("EMAIL", "t@example.org"))
}


def done(project: Project, *command: str) -> str:
    ended = project.run(*command)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


def commit(project: Project) -> None:
    done(project, "git", "add", "--all")
    done(project, "git", "commit", "--quiet", "-m", "what was tried")


def with_rate(project: Project, rate: float) -> None:
    project.edit(lambda params: params["mlp"].update(learning_rate=rate))


def runs(project: Project, name: str = "mlflow.db") -> dict[str, dict[str, Any]]:
    return everything(f"sqlite:///{project.root / name}")


@pytest.fixture(scope="module")
def project(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project with a run of each fate: committed, overwritten, of an experiment, failed, killed."""
    project = prepared.whole(tmp_path_factory.mktemp("project"))
    project.environment = AUTHOR
    commit(project)
    for rate in (0.002, 0.003):  # the second one replaces the first
        with_rate(project, rate)
        project.repro("train@mlp")
    commit(project)
    done(project, "dvc", "exp", "run", "--temp", "-n", "tried", "-S", "mlp.hidden=[5]", "train@mlp")
    with_rate(project, 1e30)
    assert project.run("dvc", "repro", "train@mlp").returncode == STAGE_FAILED
    with_rate(project, 0.004)
    at = border("stages.train_mlp", "stages.train:_log", "kill after")
    killed(start(project, "dvc", "repro", "train@mlp", at=at), status=STAGE_FAILED)
    with_rate(project, 0.003)
    project.repro("train@mlp")
    commit(project)
    return project


def light(found: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    """Return all that Git keeps of runs; a mark says that an addition is there with its pictures."""
    return {
        run_id: {
            **{key: content for key, content in run.items() if key not in HEAVY},
            "tags": {key: tag for key, tag in run["tags"].items() if not key.startswith(MARKS)},
        }
        for run_id, run in found.items()
    }


def test_a_clone_without_dvcs_files_has_every_run_and_with_them_every_model(project: Project, tmp_path: Path) -> None:
    """Else what a project has learnt would be gone with MLflow's database, or need all models of all time."""
    done(project, "pixelproof", "sync")  # the killed training could not say so itself
    original = runs(project)
    assert sorted(run["ended"][0] for run in original.values()) == ["FAILED", *["FINISHED"] * 5, "KILLED"]
    clone = Project(tmp_path / "clone")
    done(project, "git", "clone", "--quiet", ".", str(clone.root))
    done(clone, "git", "fetch", "--quiet", "origin", "refs/exps/*:refs/exps/*")
    said = done(clone, "pixelproof", "sync")
    assert "7 runs: 7 made" in said
    assert "cannot" not in said
    assert said.count("not here: ") == 1
    assert light(runs(clone)) == light(original)
    assert "nothing was changed" in done(clone, "pixelproof", "sync")
    done(clone, "dvc", "cache", "dir", "--local", str(project.root / ".dvc/cache"))  # as `dvc pull` would bring it
    assert "5 completed, 2 already there" in done(clone, "pixelproof", "sync")
    assert runs(clone) == original


def test_after_dvc_gc_every_run_is_there_but_for_models(project: Project) -> None:
    """Else tidying up DVC's cache would delete what nobody can have again: what a run was, and how it went."""
    original = runs(project)
    done(project, "dvc", "gc", "--workspace", "--force")
    said = done(project, "pixelproof", "sync", "--to", f"sqlite:///{project.root / 'other.db'}")
    assert "7 runs: 7 made" in said
    assert light(runs(project, "other.db")) == light(original)
    assert said.count("not here: ") == 1
