"""Kill stages with -9 at random moments, let them finish, and compare all they write with an undisturbed run's.

python -m tests.support.kills [KILLS] [SEED]
"""

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from tests.support.photos import write_photos
from tests.support.project import Project, shrink

STAGES = {  # what DVC deletes before it runs the stage; the outputs of `ingest` persist
    "ingest": (),
    "resize": ("data/resized",),
    "split": ("data/splits.csv", "reports/split.json", "reports/split.csv"),
    "augment": ("data/augmented", "reports/augment.png"),
}
PHOTOS_PER_CLASS = 600


def large_project(root: Path) -> Project:
    """Return a project whose stages have something to do for longer than they take to start."""
    project = Project.create(root)
    write_photos(root / "photos", PHOTOS_PER_CLASS, width=320, height=240)
    project.edit(lambda params: shrink(params, "photos"))
    project.edit(lambda params: params["resize"].update(height_px=64, width_px=64))
    run(project, "ingest")
    run(project, "plan")
    for stage in STAGES:
        run(project, stage)
    return project


def start(project: Project, stage: str) -> subprocess.Popen[bytes]:
    for output in STAGES.get(stage, ()):
        project.run("rm", "-rf", output)
    command = [sys.executable, "-m", f"stages.{stage}"]
    silent = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    return subprocess.Popen(command, cwd=project.root, start_new_session=True, **silent)


def run(project: Project, stage: str) -> float:
    """Run a stage to its end; return the seconds that it took."""
    began = time.perf_counter()
    assert start(project, stage).wait() == 0, stage
    return time.perf_counter() - began


def survive(project: Project, kills: int, seed: int) -> list[str]:
    """Kill stages of the project so many times and let them finish.

    Returns a line for each try, those that came too late included; raises AssertionError.
    """
    seconds = {stage: run(project, stage) for stage in STAGES}
    expected = project.outputs()
    rng = np.random.default_rng(seed)
    told = []
    killed = 0
    while killed < kills and len(told) < 4 * kills:
        stage = list(STAGES)[len(told) % len(STAGES)]
        moment = rng.uniform(0.2, 0.95) * seconds[stage]
        process = start(project, stage)
        time.sleep(moment)
        stopped = process.poll() is None
        killed += stopped
        if stopped:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        journals = [path.stat().st_size for path in (project.root / "data").glob(".*.partial/journal")]
        seconds[stage] = min(seconds[stage], run(project, stage))  # less where the machine has become less busy
        assert project.outputs() == expected, f"{stage}, killed after {moment:.2f} s"
        state = f"killed, its journal held {sum(journals)} bytes" if stopped else "had ended"
        told.append(f"{stage} after {moment:.2f} of {seconds[stage]:.2f} s: {state}; the same outputs in the end")
    return told


def main() -> None:
    kills, seed = (int(word) for word in (*sys.argv[1:], *("20", "0")[len(sys.argv) - 1 :]))
    with tempfile.TemporaryDirectory() as folder:
        for line in survive(large_project(Path(folder)), kills, seed):
            sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main()
