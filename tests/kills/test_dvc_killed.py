"""DVC is killed, or cannot write, while the stage that it began lives or has ended."""

import json
import os
import re
import shutil
import signal
import subprocess
from pathlib import Path

import psutil
import pytest

from tests.support.borders import border, finish, points, runs, start
from tests.support.project import Project
from tests.support.waiting import wait_until

pytestmark = pytest.mark.slow

TRAIN = ["dvc", "repro", "--single-item", "train@mlp"]


def test_a_second_training_waits_for_the_one_that_a_killed_dvc_left_and_takes_it_over(
    project: Project, tmp_path: Path
) -> None:
    """Else two would write the same checkpoint and the same model, and both would end in a traceback."""
    project.edit(lambda params: params["mlp"].update(learning_rate=0.0023))
    before = {run.info.run_id for run in runs(project, "mlp")}
    go = tmp_path / "go"
    at = border("stages.train_mlp", "pixelproof.training.checkpoint:Checkpoints.save", "wait", call=2, until=str(go))
    first = start(project, *TRAIN, at=at)
    lock = project.root / ".work/train-mlp.lock"
    wait_until(lambda: lock.exists() and lock.read_text(), first)
    trainer = int(lock.read_text())
    os.kill(first.pid, signal.SIGKILL)
    first.wait()
    second = start(project, *TRAIN)
    assert second.stdout
    said = ""
    while "is doing the same work" not in said:
        line = second.stdout.readline()
        assert line, said
        said += line
    assert f"train mlp: process {trainer} is doing the same work" in said
    assert f"`kill {trainer}` stops it" in said
    assert psutil.pid_exists(trainer)
    go.touch()
    first_said = first.communicate()[0]
    said += finish(second)
    assert re.findall(r"epoch (\d)/2", first_said + said) == ["1", "2"]
    assert "Traceback" not in first_said + said
    (run,) = [run for run in runs(project, "mlp") if run.info.run_id not in before]
    assert run.info.status == "FINISHED"
    assert all(len(set(steps)) == len(steps) for steps in points(project, run).values())


def can_mount() -> bool:
    tried = ["unshare", "-rm", "sh", "-c", "mount -t tmpfs none /mnt"]
    return (
        shutil.which("unshare") is not None and subprocess.run(tried, capture_output=True, check=False).returncode == 0
    )


def test_a_disk_full_under_dvcs_cache_costs_no_epoch(project: Project) -> None:
    """Else a finished training would be lost to a cache that has no room for it.

    DVC 3.67 then names it in dvc.lock all the same, reports success, and runs the stage again the next time.
    """
    if not can_mount():
        pytest.skip("this machine lets no ordinary user mount a disk of his own")
    project.edit(lambda params: params["mlp"].update(learning_rate=0.0029))
    before = {run.info.run_id for run in runs(project, "mlp")}
    full = f"mount -t tmpfs -o size=8k none .dvc/cache && python -m {' '.join(TRAIN)}"
    starved = project.run("unshare", "-rm", "sh", "-c", full)
    assert "No space left" in starved.stderr, starved.stderr
    said = finish(start(project, *TRAIN))
    assert "epoch" not in said
    (run,) = [run for run in runs(project, "mlp") if run.info.run_id not in before]
    assert run.info.status == "FINISHED"
    assert json.loads((project.root / "models/mlp/run.json").read_text("utf-8"))["run_id"] == run.info.run_id
