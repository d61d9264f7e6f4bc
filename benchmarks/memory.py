"""The memory of the stages: before training for any number of photos, and with `--train` during it.

    python -m benchmarks.memory [FOLDER] [--preset NAME] [--photos N] [--side PX] [--train]

FOLDER holds one folder of photos per class; without it, ../shared/data/cats_dogs. Its photos are copied under new names
until there are N. Runs the stages as `dvc repro` does, each as a process, in a temporary project, and prints the peak
anonymous resident memory of each: the process's own, without file pages that the system may drop at any time.
"""

import argparse
import shutil
import sys
import tempfile
import time
from itertools import count
from pathlib import Path

import psutil
from rich.console import Console

from benchmarks.project import write_project
from pixelproof import console

PHOTOS = Path("../shared/data/cats_dogs")
STAGES = ("ingest", "plan", "resize")
TRAINING = ("split", "augment", "train_cnn", "train_mlp")
MIB = 2**20


def write_copies(photos: Path, source: Path, total: int) -> None:
    """Fill `source` with `total` photos, the same number per class, under new names."""
    classes = [folder for folder in sorted(photos.iterdir()) if folder.is_dir()]
    for folder in classes:
        (source / folder.name).mkdir(parents=True)
        originals = sorted(folder.iterdir())
        for number in range(total // len(classes)):
            original = originals[number % len(originals)]
            shutil.copy(original, source / folder.name / f"{number:06d}{original.suffix}")


def anonymous_bytes(process: psutil.Process) -> int:
    """Return the anonymous resident memory of a process and its children, in bytes (Linux)."""
    total = 0
    for one in (process, *process.children(recursive=True)):
        try:
            rollup = Path(f"/proc/{one.pid}/smaps_rollup").read_text("ascii")
        except OSError:  # it has ended since it was listed
            continue
        total += sum(int(line.split()[1]) * 1024 for line in rollup.splitlines() if line.startswith("Anonymous:"))
    return total


def peak(stage: str, project: Path) -> tuple[int, float]:
    """Run a stage; return its peak anonymous memory in bytes, and its seconds."""
    began = time.perf_counter()
    process = psutil.Popen([sys.executable, "-m", f"stages.{stage}"], cwd=project)
    largest = 0
    for _ in count():
        if process.poll() is not None:
            break
        largest = max(largest, anonymous_bytes(process))
        time.sleep(0.05)
    if process.returncode:
        raise SystemExit(process.returncode)
    return largest, time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure the memory that the stages take.")
    parser.add_argument("folder", nargs="?", type=Path, default=PHOTOS)
    parser.add_argument("--preset", default="cats-dogs")
    parser.add_argument("--photos", type=int, default=25_000)
    parser.add_argument("--side", type=int, help="pixels; without it, as in the preset")
    parser.add_argument("--train", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        side = arguments.side
        resize = {} if side is None else {"height_px": side, "width_px": side}
        write_project(project, arguments.preset, {"ingest": {"source": "photos"}, "resize": resize})
        write_copies(arguments.folder, project / "photos", arguments.photos)
        for stage in (*STAGES, *(TRAINING if arguments.train else ())):
            largest, seconds = peak(stage, project)
            Console().print(f"{stage}: {largest / MIB:,.0f} MiB anonymous at most, {seconds:.0f} s")


if __name__ == "__main__":
    console.run(main)
