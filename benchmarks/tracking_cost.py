"""The cost of tracking for a training run: seconds of processor time by part, and of MLflow's import.

    python -m benchmarks.tracking_cost [--rounds N] [cnn | mlp]

Each round is a process in a project that already has a store of runs. It does everything that tracking does for a run
of 12 epochs of the digits' network, but trains nothing. Git's processes count, too. Prints the minimum of the rounds,
which other work on the machine disturbs least; leaves nothing behind.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console

from benchmarks.project import ROOT, write_project
from pixelproof import console

ROUNDS, EPOCHS = 3, 12
SHAPE, CLASSES = (28, 28, 1), 10  # the digits
COST = ("provenance", "connect", "model", "delivery")
PREPROCESSING = {"classes": [str(number) for number in range(10)], "height_px": 28, "width_px": 28, "colour": "grey"}
CURVES = ("train/loss", "train/accuracy", "valid/loss", "valid/accuracy", "train/images_per_second", "system/memory")
Save = Callable[[Path], None]


def write_git_project(project: Path) -> None:
    """Fill a project with this code, in one commit, and params.yaml edited since."""
    write_project(project, "digits", {})
    shutil.copy(ROOT / "dvc.lock", project)
    for command in ("init --quiet", "add .", "-c user.name=b -c user.email=b@example.org commit --quiet -m start"):
        subprocess.run(["git", *command.split()], cwd=project, check=True)
    with (project / "params.yaml").open("a", encoding="utf-8") as params:
        params.write("# an edit\n")


def measured_round(model: str, project: Path) -> dict[str, float]:
    """Return the seconds of each part, measured in a separate process."""
    command = [sys.executable, "-m", "benchmarks.tracking_cost", "--inside", str(project), model]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True)
    seconds: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return seconds


def track(model: str, project: Path) -> dict[str, float]:
    """Track a run of the project in this process; return the seconds of each part."""
    os.environ["DVC_ROOT"] = str(project)
    save = SAVERS[model]()
    os.chdir(project)
    clock = Clock()
    with clock.part("MLflow's import"):
        import mlflow  # noqa: F401
    with clock.part("import of pixelproof.tracking"):
        from pixelproof.tracking.delivery import live
        from pixelproof.tracking.run.record import FINISHED, Record, files_in, now, points, write_record
    with clock.part("provenance"):
        tags = _tags(model)
    folder = project / "models" / model
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    params = {f"param{number}": "1" for number in range(60)}
    record = Record(run_id="", name=model, experiment="cost", started=now(), params=params, tags=tags)
    with live.patience():
        run = live.LiveRun(record, {}, resumed=False)
        with clock.part("connect"):
            run.open()
        for epoch in range(EPOCHS):
            with clock.part("delivery"):
                run.add(points(dict.fromkeys(CURVES, 1 / (1 + epoch)), step=epoch, timestamp=now()))
        with clock.part("model"):
            save(folder)
        with clock.part("delivery"):
            record.model, record.ended = model, now()
            write_record(record.model_copy(update={"status": FINISHED}), folder)
            run.files = files_in(folder)
            run.flush(at_once=True)
            run.end(FINISHED)
    _add(model, record.run_id, clock)
    return clock.seconds


def _tags(model: str) -> dict[str, str]:
    from mlflow.tracking.context.registry import resolve_tags

    from pixelproof.tracking.run.new_run import describe_new_run
    from pixelproof.tracking.run.provenance import collect

    return {**resolve_tags(), **describe_new_run(model).tags, **collect().tags}


def _add(model: str, run_id: str, clock: "Clock") -> None:
    """Complete the run as the evaluation does."""
    from pixelproof.tracking.delivery import live
    from pixelproof.tracking.run.record import RunAddition, now, points, write_record

    folder = Path("reports/runs") / model
    folder.mkdir(parents=True, exist_ok=True)
    metrics = points({"test/accuracy": 0.9}, step=0, timestamp=now())
    write_record(RunAddition(kind="evaluated", run_id=run_id, written=now(), metrics=metrics), folder)
    with clock.part("evaluation's addition"):
        live.complete(Path("models") / model, folder)


def _cnn() -> Save:
    """Return the function by which the training stage saves the CNN for MLflow; Keras is loaded before."""
    from pixelproof.network.cnn.cnn import CnnLearner
    from pixelproof.params.whole import load_params

    params, counts = load_params(), np.full(CLASSES, 100)
    learner = CnnLearner(params.cnn, params.train, SHAPE, CLASSES, steps_per_epoch=10, label_counts=counts, seed=7)

    def save(folder: Path) -> None:
        from pixelproof.tracking.run.models import save_keras_model

        learner.save(saved)
        save_keras_model(saved / "model.keras", PREPROCESSING, folder / "mlflow")

    saved = Path(tempfile.mkdtemp())
    return save


def _mlp() -> Save:
    """Return the function by which the training stage saves the MLP for MLflow; scikit-learn is loaded before."""
    from pixelproof.network.mlp.mlp import MlpLearner
    from pixelproof.params.whole import load_params

    params = load_params()
    learner = MlpLearner(params.mlp, params.train, int(np.prod(SHAPE)), CLASSES, steps_per_epoch=10, seed=7)
    learner.train_batch(np.zeros((CLASSES, *SHAPE), np.uint8), np.arange(CLASSES))

    def save(folder: Path) -> None:
        from pixelproof.tracking.run.models import save_sklearn_model

        learner.save(saved)
        save_sklearn_model(learner.trained(), saved / "model.skops", PREPROCESSING, folder / "mlflow")

    saved = Path(tempfile.mkdtemp())
    return save


SAVERS: dict[str, Callable[[], Save]] = {"cnn": _cnn, "mlp": _mlp}


class Clock:
    """The processor time of this process and its finished children, by part; a part may be repeated."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        began = sum(os.times()[:4])
        yield
        self.seconds[name] = self.seconds.get(name, 0.0) + sum(os.times()[:4]) - began


def measure(model: str, rounds: int = ROUNDS) -> dict[str, float]:
    """Return the minimum of each part, and the sum; a first round, which creates the store, does not count."""
    with tempfile.TemporaryDirectory() as folder:
        write_git_project(Path(folder))
        measured_round(model, Path(folder))
        taken = [measured_round(model, Path(folder)) for _ in range(rounds)]
    least = {part: min(seconds[part] for seconds in taken) for part in taken[0]}
    return least | {"sum of " + ", ".join(COST): sum(least[part] for part in COST)}


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what tracking costs a training run.")
    parser.add_argument("model", nargs="?", choices=SAVERS, default="cnn")
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--inside", type=Path, help=argparse.SUPPRESS)
    asked: Any = parser.parse_args()
    if asked.inside:
        print(json.dumps(track(asked.model, asked.inside)))  # noqa: T201  # read by `measured_round`
        return
    for part, seconds in measure(asked.model, asked.rounds).items():
        Console().print(f"{part:<50} {seconds:5.2f} s", highlight=False)


if __name__ == "__main__":
    console.run(main)
