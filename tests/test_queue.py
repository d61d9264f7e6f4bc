"""Experiments in temporary folders, several at once, restored and rebuilt: each training is one run in MLflow."""

import json
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.support.prepared import Prepared
from tests.support.project import Project
from tests.support.runs import everything

pytestmark = pytest.mark.slow

LIMIT = 1500  # seconds; two cores that nobody else uses need a tenth
# One experiment trains both models and evaluates them, the others only an MLP of their own.
WHOLE = {"small": "train.batch_size=8"}
HALF = {f"hidden{units}": f"mlp.hidden=[{units}]" for units in (4, 5, 6)}
EXPECTED = [("cnn", "8", "[8]"), *(("mlp", "16", f"[{units}]") for units in (4, 5, 6)), ("mlp", "8", "[8]")]


class Queue(NamedTuple):
    project: Project
    at_once: set[int]  # how many experiments were seen running together


class Clone(Project):
    """A clone with the experiments, but without data, cache and runs."""

    def __init__(self, origin: Project, root: Path) -> None:
        self.root = root
        done(origin, "git", "clone", "--quiet", ".", str(root))
        done(self, "git", "fetch", "--quiet", "origin", "refs/exps/*:refs/exps/*")


def statuses(project: Project) -> dict[str, str]:
    lines = project.run("dvc", "queue", "status").stdout.splitlines()[1:]
    return {line.split()[1]: line.split()[-1] for line in lines if line[:1].isalnum() and "Worker" not in line}


def done(project: Project, *command: str) -> str:
    ended = project.run(*command)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout + ended.stderr


@pytest.fixture(scope="module")
def queue(prepared: Prepared, tmp_path_factory: pytest.TempPathFactory) -> Queue:
    """A project whose queue of four experiments was worked off by two workers."""
    folder = tmp_path_factory.mktemp("queue")
    project = prepared.ready_to_train(folder / "project")
    (project.root / "photos").rename(folder / "photos")  # which Git does not know, and so no temporary folder has
    project.edit(lambda params: params["ingest"].update(source=str(folder / "photos")))
    project.edit(lambda params: params["train"].update(batch_size=16))
    project.repro("augment")  # once, and not in each temporary folder
    done(project, "git", "add", "--all")
    done(project, "git", "-c", "user.name=t", "-c", "user.email=t@t", "commit", "--quiet", "-m", "ready to train")
    for name, change in {**WHOLE, **HALF}.items():
        target = "evaluate" if name in WHOLE else "train@mlp"
        done(project, "dvc", "exp", "run", "--queue", "-n", name, "-S", change, target)
    done(project, "sh", "-c", "dvc queue start -j 2 >/dev/null 2>&1")  # the workers keep the output open
    until, at_once = time.monotonic() + LIMIT, set()
    while set((status := statuses(project)).values()) & {"Queued", "Running"} and time.monotonic() < until:
        at_once.add(list(status.values()).count("Running"))
        time.sleep(4)  # to ask takes DVC two seconds of a core
    logs = "\n".join(project.run("dvc", "queue", "logs", name).stdout[-3000:] for name in WHOLE | HALF)
    assert status == dict.fromkeys(WHOLE | HALF, "Success"), logs
    return Queue(project, at_once)


@pytest.fixture
def project(queue: Queue) -> Iterator[Project]:
    """The project, in which each test may end with another experiment in the workspace."""
    yield queue.project
    done(queue.project, "git", "reset", "--quiet", "--hard")


def shown(project: Project) -> dict[str, Any]:
    """Return the metrics of every experiment, by its name."""
    states = json.loads(project.run("dvc", "exp", "show", "--json").stdout)
    experiments = [experiment for state in states for experiment in state["experiments"] or []]
    return {experiment["name"]: experiment["revs"][0]["data"]["metrics"] for experiment in experiments}


def logged(project: Project) -> dict[str, dict[str, Any]]:
    return everything(f"sqlite:///{project.root / 'mlflow.db'}")


def told(runs: dict[str, dict[str, Any]]) -> list[tuple[str, str, str]]:
    """Say of each run which model it is, with what batch size and MLP; all must have ended well."""
    assert {run["ended"][0] for run in runs.values()} == {"FINISHED"}
    params = [(run["tags"]["model"], run["params"]) for run in runs.values()]
    return sorted((model, of["train.batch_size"], of.get("mlp.hidden", "[8]")) for model, of in params)


def test_four_queued_experiments_by_two_workers_leave_exactly_their_runs(queue: Queue) -> None:
    """Else `dvc queue start -j 2` would lose runs, log them twice, or log them to a folder that is deleted."""
    assert 2 in queue.at_once
    results = shown(queue.project)
    assert results.keys() == (WHOLE | HALF).keys()
    for name in WHOLE:
        assert 0 <= results[name]["reports/metrics.json"]["data"]["cnn"]["accuracy"] <= 1
    assert told(logged(queue.project)) == EXPECTED


def test_a_clone_rebuilds_every_run_from_dvcs_cache(project: Project, tmp_path: Path) -> None:
    """Else DVC's files were not the truth: what MLflow shows would be gone with its database."""
    copy = Clone(project, tmp_path / "clone")
    done(copy, "dvc", "cache", "dir", "--local", str(project.root / ".dvc/cache"))
    assert "5 runs: 5 made" in done(copy, "pixelproof", "sync")
    original, rebuilt = logged(project), logged(copy)
    assert rebuilt.keys() == original.keys()
    for run_id, run in original.items():
        assert rebuilt[run_id] == run
        assert run["models"]
    before = (copy.root / "mlflow.db").read_bytes()
    assert "nothing was changed" in done(copy, "pixelproof", "sync")
    assert (copy.root / "mlflow.db").read_bytes() == before
    some = next(iter(original))
    assert some in done(copy, "pixelproof", "where", some)
    assert "nothing was changed" in done(project, "pixelproof", "sync"), "the store that they come from lacks none"


def test_a_clone_without_the_cache_has_every_run_and_is_told_what_it_lacks(project: Project, tmp_path: Path) -> None:
    """Else an experiment that was fetched would lack its run, or a run without its model would look whole."""
    copy = Clone(project, tmp_path / "clone")
    said = done(copy, "pixelproof", "sync")
    assert f"{len(EXPECTED)} runs: {len(EXPECTED)} made" in said
    assert f"not here: {len(EXPECTED)} models and the pictures of 2 evaluations" in said
    original = logged(project)
    for run_id, run in logged(copy).items():
        assert not run["models"]
        for key in ("name", "ended", "params", "curves", "inputs"):
            assert run[key] == original[run_id][key], key


def test_what_dvc_restores_adds_no_run_and_names_the_old_one(project: Project) -> None:
    """Else every `dvc exp apply` and every cached stage would leave a run without a training, or a wrong name."""
    before = logged(project)
    project.run("dvc", "exp", "apply", "hidden5")  # which also names the stages that the experiment did not run
    assert "Stage 'train@mlp' didn't change, skipping" in done(project, "dvc", "repro", "train@mlp")
    applied = json.loads((project.root / "models/mlp/run.json").read_text("utf-8"))["run_id"]
    assert before[applied]["params"]["mlp.hidden"] == "[5]"
    shutil.rmtree(project.root / "models/mlp")
    done(project, "dvc", "checkout", "models/mlp")
    assert json.loads((project.root / "models/mlp/run.json").read_text("utf-8"))["run_id"] == applied
    project.edit(lambda params: params["mlp"].update(hidden=[6]))
    assert "Stage 'train@mlp' is cached - skipping run" in done(project, "dvc", "repro", "train@mlp")
    restored = json.loads((project.root / "models/mlp/run.json").read_text("utf-8"))["run_id"]
    assert before[restored]["params"]["mlp.hidden"] == "[6]"
    assert logged(project) == before


def test_an_experiment_in_a_temporary_folder_is_one_more_run(project: Project) -> None:
    """Else `dvc exp run --temp` would log to its folder, which is deleted."""
    before = logged(project)
    done(project, "dvc", "exp", "run", "--temp", "-n", "temp", "-S", "mlp.hidden=[7]", "train@mlp")
    after = logged(project)
    (new,) = after.keys() - before.keys()
    assert after[new]["params"]["mlp.hidden"] == "[7]"
    assert after[new]["tags"]["dvc.experiment"] == "temp"
    assert {run_id: after[run_id] for run_id in before} == before
