"""Kill trainings with -9 at random moments, continue them, and compare all they end with, to the bit.

python -m tests.support.train_kills [KILLS] [SEED]
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from tests.support.environment import environment
from tests.support.photos import write_photos
from tests.support.project import Project, shrink

if TYPE_CHECKING:
    from mlflow.entities import Run
    from mlflow.tracking import MlflowClient

MODELS = ("cnn", "mlp")
STAGES = ("ingest", "plan", "resize", "split", "augment")
TAGS = ("model", "weights_sha256", "ended")  # others say where and by what command it was run
# What cannot be the same twice; the MLP's file has addresses in memory in it.
TIMING = ("seconds", "images_per_second", "ended", "cpu_percent", "memory_bytes", "size_bytes")
PHOTOS_PER_CLASS = 100
BATCH_SIZE = 8
STARTING = "starting.json"  # the seconds until an undisturbed training has done its first batch
READY = "saved-after-each-batch"  # the name of a prepared project
TRAINED = 2  # checkpoints: the first is written before the first batch


def prepared_project(root: Path, epochs: int = 8) -> Project:
    """Return a project that is ready to train, saved after each batch."""
    project = Project.create(root)
    write_photos(root / "photos", PHOTOS_PER_CLASS)
    project.edit(lambda params: shrink(params, "photos"))
    project.edit(lambda params: params["train"].update(epochs=epochs, batch_size=BATCH_SIZE, checkpoint_minutes=1e-9))
    project.edit(use_whole_recipe)
    for stage in STAGES:
        done = project.run(sys.executable, "-m", f"stages.{stage}")
        assert done.returncode == 0, done.stderr
    return project


def use_whole_recipe(params: Any) -> None:
    """Switch on whatever has a state of its own; the layers of params.yaml have batch norm and dropout."""
    params["train"]["early_stopping"] = {"monitor": "valid_loss", "patience_epochs": 5}
    params["cnn"].update(
        learning_rate=0.0005,
        optimizer={"kind": "adamw", "weight_decay": 0.01},
        schedule={"kind": "cosine", "warmup_epochs": 2},
        label_smoothing=0.1,
        mixup={"alpha": 0.3},
        average_weights=0.9,
        class_weights="balanced",
        clip_norm=1.0,
        precision="auto",
    )
    params["mlp"].update(schedule={"kind": "cosine"}, average_weights=0.9, augment=False)


def start(project: Project, model: str, before: Callable[[], object] | None = None) -> subprocess.Popen[str]:
    """Start a training in a process group of its own; `before` is called in the new process."""
    return spawn(project, [sys.executable, "-m", f"stages.train_{model}"], before)


def spawn(project: Project, command: list[str], before: Callable[[], object] | None = None) -> subprocess.Popen[str]:
    options: dict[str, Any] = {"cwd": project.root, "env": environment(), "text": True, "start_new_session": True}
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    return subprocess.Popen(command, **options, **pipes, preexec_fn=before)


def finish(process: subprocess.Popen[str]) -> str:
    """Wait for a training that must succeed; return what it said."""
    told = process.communicate()[0]
    assert process.returncode == 0, told
    return told


def wait_for_checkpoint(project: Project, model: str, process: subprocess.Popen[str], count: int = 1) -> Path:
    """Wait until the process has written its checkpoint `count` times; return its path."""
    seen, written = written_at(project, model), 0
    while process.poll() is None:
        now = written_at(project, model)
        written += bool(now) and now != seen
        seen = now
        if written >= count:
            return checkpoints(project, model)[0]
        time.sleep(0.002)
    raise AssertionError(f"the training ended before it was stopped: {process.communicate()[0]}")


def checkpoints(project: Project, model: str) -> list[Path]:
    return list((project.root / ".work").glob(f"train-{model}-*/checkpoint.npz"))


def written_at(project: Project, model: str) -> list[int]:
    with suppress(FileNotFoundError):  # the training has just ended
        return [path.stat().st_mtime_ns for path in checkpoints(project, model)]
    return []


def kill_after(
    project: Project, model: str, seconds: float, number: int = signal.SIGKILL, count: int = TRAINED
) -> subprocess.Popen[str]:
    """Start a training; send it a signal so many seconds after it has written `count` checkpoints."""
    process = start(project, model)
    if count:
        wait_for_checkpoint(project, model, process, count)
    time.sleep(seconds)
    if process.poll() is None:
        os.killpg(process.pid, number)
    return process


def result(project: Project, model: str) -> dict[str, Any]:
    """Return what a training ends with, but for how long it took."""
    folder = project.root / "models" / model
    record = json.loads((folder / "run.json").read_text("utf-8"))
    run = runs(project)[record["run_id"]]
    history = pd.read_csv(folder / "history.csv").drop(columns=[*TIMING[:-1]])
    client = client_of(project)
    steps = {key: client.get_metric_history(record["run_id"], key) for key in run.data.metrics}
    return {
        "weights": record["weights_sha256"],
        "snapshots": (project.root / "data/snapshots" / f"{model}.npz").read_bytes(),
        "best": (record["best_epoch"], record["epochs"]),
        "history": history.to_csv(index=False),
        "metrics": {key: [told(metric, key) for metric in metrics] for key, metrics in steps.items()},
        "params": run.data.params,
        "tags": {key: run.data.tags.get(key) for key in TAGS},
        "status": run.info.status,
        "models": len(client.search_logged_models([run.info.experiment_id], f"source_run_id='{run.info.run_id}'")),
    }


def told(metric: Any, key: str) -> tuple[int, float | None]:
    return metric.step, None if key.endswith(TIMING) else metric.value


def client_of(project: Project) -> "MlflowClient":
    from mlflow.tracking import MlflowClient  # as late as can be: it takes seconds

    return MlflowClient(f"sqlite:///{project.root / 'mlflow.db'}")


def runs(project: Project) -> "Mapping[str, Run]":
    client = client_of(project)
    experiment = client.get_experiment_by_name("pixelproof")
    assert experiment is not None
    return {run.info.run_id: run for run in client.search_runs([experiment.experiment_id])}


def newest(project: Project, known: set[str]) -> "Run":
    """Return the one run that is not among the known ones."""
    (run_id,) = set(runs(project)) - known
    return runs(project)[run_id]


class Undisturbed(NamedTuple):
    """A training that nothing happened to: what it ends with, and the seconds until its first batch was done."""

    result: dict[str, Any]
    starting: float


def leave_alone(project: Project, model: str) -> Undisturbed:
    """Train a model without any disturbance; note how long it took to begin."""
    started = time.perf_counter()
    process = start(project, model)
    wait_for_checkpoint(project, model, process, TRAINED)
    starting = time.perf_counter() - started
    finish(process)
    (project.root / ".work" / f"{model}-{STARTING}").write_text(json.dumps(starting), encoding="utf-8")
    return read_undisturbed(project, model)


def read_undisturbed(project: Project, model: str) -> Undisturbed:
    """Return what `leave_alone` gave, in the project or in one that it was copied from."""
    starting = json.loads((project.root / ".work" / f"{model}-{STARTING}").read_text("utf-8"))
    return Undisturbed(result(project, model), starting)


def survive(project: Project, model: str, undisturbed: Undisturbed, kills: int, seed: int) -> list[str]:
    """Kill a training again and again, then let it end. Returns a line per kill; raises AssertionError.

    Every fifth kill comes at any moment from the start of the program on. The others come within a random batch, not
    at a random time, so that a busy machine changes nothing.
    """
    rng, before, lines = np.random.default_rng(seed), set(runs(project)), []
    batches = undisturbed.result["best"][1] * batches_per_epoch(project)
    for number in range(kills):
        if number % 5 == 1:
            stopped = kill_after(project, model, rng.uniform(0, undisturbed.starting), count=0)
        else:
            count = TRAINED + int(rng.integers(1.3 * batches / kills))
            stopped = kill_after(project, model, rng.uniform(0, 0.03), count=count)
        said = stopped.communicate()[0]
        if not checkpoints(project, model):  # it had succeeded, if only just
            lines.append(f"{model}: had ended; {where(said)}")
            break
        lines.append(f"{model}: killed; {where(said)}")
    else:
        lines.append(f"{model}: left alone; {where(finish(start(project, model)))}")
    assert result(project, model) == undisturbed.result
    assert len(set(runs(project)) - before) == 1, "one training, one run"
    assert not checkpoints(project, model)
    return lines


def batches_per_epoch(project: Project) -> int:
    store = json.loads((project.root / "data/augmented/view-000/store.json").read_text("utf-8"))
    return -(-int(store["images"]) // BATCH_SIZE)


def where(said: str) -> str:
    """Return what a training said about where it began; if it was killed early, nothing."""
    return next((line for line in said.splitlines() if "continues at" in line), "said nothing of an earlier one")


def main() -> None:
    kills, seed = (int(word) for word in (*sys.argv[1:], *("20", "0")[len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory() as folder:
        project = prepared_project(Path(folder), epochs=40)
        for model in MODELS:
            for line in survive(project, model, leave_alone(project, model), kills, seed):
                sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
