"""Run every benchmark; write benchmarks/results.json and results.md.

    python -m benchmarks.run [FOLDER]

FOLDER holds one folder of photos per class; without it, ../shared/data/cats_dogs.
"""

import argparse
import platform
from os import cpu_count
from pathlib import Path

import pandas as pd
from rich.console import Console

from benchmarks import resize
from pixelproof import console
from pixelproof.errors import UserError
from pixelproof.files import write_json, write_text

HERE = Path(__file__).parent
PHOTOS = Path("../shared/data/cats_dogs")


def rows(benchmark: str, measured: list[tuple[str, str, float]]) -> list[dict[str, str | float]]:
    """Return a row per case and contender; `ratio` is this project's speed over the contender's."""
    own = {case: speed for case, contender, speed in measured if contender == resize.PROJECT}
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


def markdown(results: list[dict[str, str | float]], machine: str) -> str:
    table = pd.DataFrame(results)
    lines = [f"| {' | '.join(table.columns)} |", "| --- | --- | --- | ---: | ---: |"]
    lines += [f"| {' | '.join(str(cell) for cell in row)} |" for row in table.itertuples(index=False)]
    note = "`ratio`: this project's speed over the contender's, measured in the same run."
    return f"{machine}\n\n" + "\n".join(lines) + f"\n\n{note}\n"


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure this project beside its peers.")
    parser.add_argument(
        "photos", nargs="?", type=Path, default=PHOTOS, help="a folder with a folder of photos per class"
    )
    photos: Path = parser.parse_args().photos
    if not photos.is_dir():
        raise UserError(f"{photos}: there is no such folder. Name one with a folder of photos per class.")
    results = rows("resize", resize.images_per_second(photos))
    machine = (
        f"{platform.machine()}, {cpu_count()} cores, Python {platform.python_version()}, best of {resize.ROUNDS} rounds"
    )
    write_json(HERE / "results.json", results)
    write_text(HERE / "results.md", markdown(results, machine))
    Console().print(markdown(results, machine))


if __name__ == "__main__":
    console.run(main)
