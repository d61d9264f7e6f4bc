"""Trainings that are starved or broken: one message with the remedy, and the last good state stays."""

import os
import re
import resource
import shutil
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.support.project import Project
from tests.support.train_kills import MODELS, finish, newest, result, runs, spawn, start, wait_for_checkpoint

pytestmark = pytest.mark.slow

PAGE = 4096  # bytes: a disk in memory gives each file whole ones


def learn_too_fast(params: Any) -> None:
    params["cnn"]["learning_rate"] = 1e6
    params["mlp"]["learning_rate"] = 1e30  # at 1e6 its numbers are large, but numbers: nothing normalises them


@pytest.mark.parametrize("model", MODELS)
def test_a_loss_that_is_no_number_is_told_with_its_place_and_the_remedy(
    model: str, project: Project, edited: Any
) -> None:
    """Else a training would run for hours on broken weights, or end in a traceback."""
    known = set(runs(project))
    edited(learn_too_fast)
    broken = start(project, model)
    said = broken.communicate()[0]
    assert broken.returncode == 1, said
    assert re.search(r"^error: epoch \d+(, batch \d+)?: the \w+ loss is (nan|inf).*Lower the learning_rate", said, re.M)
    assert "Traceback" not in said
    assert newest(project, known).info.status == "FAILED"


def limited(project: Project, size: int) -> subprocess.Popen[str]:
    """Train where no file may become larger than `size` bytes: what a full quota is like, on any machine."""
    return start(project, "mlp", lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)))


def on_a_small_disk(project: Project, room: int) -> subprocess.Popen[str]:
    """Train with .work on a disk in memory with `room` bytes left, which a mount namespace of its own can have."""
    taken = sum(-(-path.stat().st_size // PAGE) * PAGE + PAGE for path in (project.root / ".work").rglob("*"))
    size = taken + room
    script = f"""
        cp -r .work kept && mount -t tmpfs -o size={size} none .work && cp -r kept/. .work/ || exit 99
        python -m stages.train_mlp; status=$?
        rm -r kept; cp -r .work kept; exit $status
    """
    return spawn(project, ["unshare", "-rm", "sh", "-c", script])


def can_mount() -> bool:
    tried = ["unshare", "-rm", "sh", "-c", "mount -t tmpfs none /mnt"]
    return (
        shutil.which("unshare") is not None and subprocess.run(tried, capture_output=True, check=False).returncode == 0
    )


def widen(params: Any) -> None:
    params["mlp"]["hidden"] = [300]  # checkpoints larger than MLflow's own file


@pytest.fixture(scope="module")
def wide(project: Project) -> Any:
    """What the wide MLP ends with, undisturbed."""
    before = (project.root / "params.yaml").read_text("utf-8")
    project.edit(widen)
    finish(start(project, "mlp"))
    (project.root / "params.yaml").write_text(before, encoding="utf-8")
    return result(project, "mlp")


@pytest.mark.parametrize("constrained", [limited, on_a_small_disk])
def test_a_full_disk_costs_no_more_than_the_last_minutes(
    constrained: Callable[[Project, int], subprocess.Popen[str]], project: Project, wide: Any, edited: Any
) -> None:
    """Else the checkpoint that there is would be lost to one that could not be written."""
    if constrained is on_a_small_disk and not can_mount():
        pytest.skip("this machine lets no ordinary user mount a disk of his own")
    edited(widen)
    known = set(runs(project))
    stopped = start(project, "mlp")
    checkpoint = wait_for_checkpoint(project, "mlp", stopped, count=10)
    os.killpg(stopped.pid, signal.SIGKILL)
    stopped.communicate()
    before = checkpoint.read_bytes()
    starved = constrained(project, len(before) * 3 // 4)
    said = starved.communicate()[0]
    assert starved.returncode == 1, said
    assert re.search(r"^error: \.work/train-mlp-\w+: the disk is full.*free some space and continue", said, re.M), said
    assert "Traceback" not in said
    assert newest(project, known).info.status == "FAILED"
    assert checkpoint.read_bytes() == before
    if constrained is on_a_small_disk:
        kept = (project.root / "kept").glob("train-mlp-*/checkpoint.npz")
        assert [path.read_bytes() for path in kept] == [before]
        shutil.rmtree(project.root / "kept")
    assert "continues at" in finish(start(project, "mlp"))
    assert result(project, "mlp") == wide


def test_too_little_memory_is_told_with_the_remedy(project: Project, edited: Any) -> None:
    """Else a network that is too large would end in a traceback of NumPy."""
    edited(lambda params: params["mlp"].update(hidden=[20_000_000]))
    limit = 32 * 2**30
    starved = start(project, "mlp", lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))
    said = starved.communicate()[0]
    assert starved.returncode == 1, said
    assert re.search(r"^error: out of memory .*Lower train.batch_size", said, re.M), said


def test_max_minutes_end_a_training_with_its_best_epoch(project: Project, edited: Any) -> None:
    """Else a night's training would not be done by the morning."""
    known = set(runs(project))
    edited(lambda params: params["train"].update(epochs=100_000, max_minutes=0.02, early_stopping=None))
    said = finish(start(project, "mlp"))
    assert re.search(r"train mlp: max_minutes is over; best epoch \d+: ", said)
    run = newest(project, known)
    assert (run.info.status, run.data.tags["ended"]) == ("FINISHED", "max_minutes is over")
    seconds, limit = run.data.metrics["train/seconds"], 1.2
    assert seconds < 2 * limit, "validation counts too, so the training itself takes less, but for the last batch"
    assert Path(project.root / "models/mlp/mlflow/model.skops").exists()
