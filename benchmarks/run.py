"""Run every benchmark; write benchmarks/results.json and results.md, and the tables into docs/speed.md.

    python -m benchmarks.run [FOLDER] [--only resize|training|tracking ...]

FOLDER holds one folder of photos per class; without it, ../shared/data/cats_dogs. With --only the figures of the other
benchmarks stay as they are, each with its machine.
"""

import argparse
import platform
from collections.abc import Callable
from os import cpu_count
from pathlib import Path
from typing import Any

import pandas as pd
from rich.console import Console

from benchmarks import resize, tracking, training
from benchmarks.resize import PROJECT
from pixelproof import console
from pixelproof.errors import UserError
from pixelproof.files import read_json, write_json, write_text

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
DOCS = HERE.parent / "docs"
BEGIN, END = "<!-- speed of make bench -->", "<!-- end of speed -->"
BEGIN_TRAINING, END_TRAINING = "<!-- training of make bench -->", "<!-- end of training -->"
PHOTOS = Path("../shared/data/cats_dogs")
Measurement = dict[str, Any]
MEASURES: dict[str, Callable[[Path], list[Measurement]]] = {
    "resize": lambda photos: rows("resize", resize.images_per_second(photos)),
    "training": training.measure,
    "tracking": lambda _: tracking.measure(),
}


def rows(benchmark: str, measured: list[tuple[str, str, float]]) -> list[Measurement]:
    """Return a row per case and contender; `ratio` is this project's speed over the contender's."""
    own = {case: speed for case, contender, speed in measured if contender == PROJECT}
    return [
        {
            "benchmark": benchmark,
            "case": case,
            "contender": contender,
            "images_per_second": round(speed, 1),
            "ratio": round(own[case] / speed, 2),
        }
        for case, contender, speed in measured
    ]


def markdown(results: list[Measurement]) -> str:
    """Return a table with a row per size: this project's speed, and its ratio to each contender's."""
    table = pd.DataFrame(results)
    ratios = table.pivot_table(index="case", columns="contender", values="ratio", sort=False).drop(columns=PROJECT)
    own = table[table["contender"] == PROJECT].set_index("case")["images_per_second"]
    lines = [
        f"| photos to | this project | {' | '.join(f'× {contender}' for contender in ratios.columns)} |",
        f"|---|{'---:|' * (1 + len(ratios.columns))}",
        *(
            f"| {case} | {own[case]:,.0f}/s | {' | '.join(f'{ratio:.2f}' for ratio in ratios.loc[case])} |"
            for case in ratios.index
        ),
    ]
    return f"{chr(10).join(lines)}\n\nMeasured on {results[0]['machine']}; best of {resize.ROUNDS} rounds.\n"


def describe_machine() -> str:
    """Return the processor's name (on Linux), the number of cores, and Python's version."""
    names = [line.split(":")[1].strip() for line in _cpu_lines() if line.startswith("model name")]
    processor = names[0] if names else platform.machine()
    return f"{processor}, {cpu_count()} cores, Python {platform.python_version()}"


def _cpu_lines() -> list[str]:
    path = Path("/proc/cpuinfo")
    return path.read_text("utf-8").splitlines() if path.exists() else []


def fill_page(page: str, table: str, begin: str, end: str) -> None:
    """Put a table between two markers in a page of docs/."""
    path = DOCS / page
    before, rest = path.read_text("utf-8").split(begin)
    write_text(path, f"{before}{begin}\n{table}{end}{rest.split(end)[1]}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare this project with its peers.")
    parser.add_argument(
        "photos", nargs="?", type=Path, default=PHOTOS, help="a folder with a folder of photos per class"
    )
    parser.add_argument("--only", nargs="+", choices=MEASURES, default=[*MEASURES], help="measure only these")
    arguments = parser.parse_args()
    if not arguments.photos.is_dir():
        raise UserError(f"{arguments.photos}: this folder does not exist. Name one with a folder of photos per class.")
    recorded = read_json(RESULTS)
    results = {name: [row for row in recorded if row["benchmark"] == name] for name in MEASURES}
    for benchmark in arguments.only:
        measured = MEASURES[benchmark](arguments.photos)
        results[benchmark] = [{**row, "machine": describe_machine()} for row in measured]
        write_json(RESULTS, [row for each in results.values() for row in each])
    tables = markdown(results["resize"]), training.markdown(results["training"])
    write_text(HERE / "results.md", "\n".join(tables))
    fill_page("speed.md", tables[0], BEGIN, END)
    fill_page("speed.md", tables[1], BEGIN_TRAINING, END_TRAINING)
    Console(width=160).print(*tables, *tracking.describe(results["tracking"]), sep="\n")


if __name__ == "__main__":
    console.run(main)
