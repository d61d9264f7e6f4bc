"""The memory and the speed of `pixelproof predict` on many photos, beside decoding and resizing alone.

    python -m benchmarks.answering [--model cnn] [--photos 1000 10000] [--width 320] [--height 240]

Writes so many JPEGs into a temporary folder, of a thousand pictures that differ, and prints for each number the peak
anonymous resident memory of the program, its photos per second from the first answer to the last, and how many photos
per second one process reads as the model does, on all cores, without asking a network.
"""

import argparse
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import psutil
from rich.console import Console
from rich.table import Table

from benchmarks.memory import MIB, anonymous_bytes
from pixelproof.data.photos.opening import quiet_pillow
from pixelproof.inference.models import find_model
from pixelproof.inference.preprocessing import Preprocessing

DIFFERENT = 1000
LOOK_EVERY = 50  # answers


def write_photos(folder: Path, total: int, width: int, height: int) -> None:
    """Write `total` JPEGs of smooth noise, in folders of a thousand."""
    for number in range(DIFFERENT):
        small = np.random.default_rng(number).integers(0, 256, (height // 16, width // 16, 3), dtype=np.uint8)
        _, encoded = cv2.imencode(".jpg", cv2.resize(small, (width, height), interpolation=cv2.INTER_CUBIC))
        for copy in range(number, total, DIFFERENT):
            path = folder / f"{copy // DIFFERENT:03d}" / f"{copy:06d}.jpg"
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(encoded.tobytes())


def answer(folder: Path, model: Path) -> tuple[int, int, float]:
    """Run the program; return its peak memory in bytes, the answers, and the seconds from the first to the last."""
    command = [sys.executable, "-m", "pixelproof", "predict", f"--model={model}", "--csv", str(folder)]
    with psutil.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        peak, lines = 0, iter(process.stdout)
        next(lines)  # the head of the table
        began = time.perf_counter()
        answers = 0
        while came := len(list(islice(lines, LOOK_EVERY))):
            answers += came
            peak = max(peak, anonymous_bytes(process))
        return peak, answers, time.perf_counter() - began


def read_alone(folder: Path, model: Path) -> float:
    """Return how many photos a second are decoded and resized."""
    preprocessing = Preprocessing.load(model)
    paths = sorted(folder.rglob("*.jpg"))
    with quiet_pillow(preprocessing.max_megapixels), ThreadPoolExecutor() as pool:
        began = time.perf_counter()
        done = sum(1 for _ in _read(pool, preprocessing, paths))
        return done / (time.perf_counter() - began)


def _read(pool: ThreadPoolExecutor, preprocessing: Preprocessing, paths: list[Path]) -> Iterator[np.ndarray]:
    return pool.map(lambda path: preprocessing.image(path.read_bytes()), paths)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="cnn")
    parser.add_argument("--photos", type=int, nargs="+", default=[1000, 10_000])
    parser.add_argument("--width", type=int, default=320)
    parser.add_argument("--height", type=int, default=240)
    arguments = parser.parse_args()
    model = find_model(arguments.model).resolve()
    table = Table("photos", "peak MiB", "predict, photos/s", "reading alone, photos/s", title=arguments.model)
    for total in arguments.photos:
        with tempfile.TemporaryDirectory() as temporary:
            folder = Path(temporary)
            write_photos(folder, total, arguments.width, arguments.height)
            alone = read_alone(folder, model)
            peak, answers, seconds = answer(folder, model)
        table.add_row(f"{answers:,}", f"{peak / MIB:,.0f}", f"{answers / seconds:,.0f}", f"{alone:,.0f}")
    Console().print(table)


if __name__ == "__main__":
    main()
