"""What exports cost in accuracy: a small CNN trained on photos, exported to all targets, compared on the test part.

    python -m benchmarks.exports SOURCE [--side 64] [--epochs 8]

SOURCE is a folder or an archive of labelled photos. Runs the stages in a temporary project with the network of
params.yaml on RGB images of that side, and prints the table of `pixelproof export`. Three tenths of the photos are the
test part, since a loss of less than a point needs many to be seen.
"""

import argparse
import logging
import subprocess
import sys
import tempfile
from pathlib import Path

from benchmarks.presets import environment, run_stage
from benchmarks.project import write_project
from pixelproof import console

STAGES = ("fetch", "ingest", "plan", "resize", "split", "augment", "train_cnn")


def export_all(project: Path) -> str:
    """Export the CNN of a project; return what `pixelproof export` says of it, as Markdown."""
    command = [sys.executable, "-m", "pixelproof", "export", "--to", "onnx,litert,saved_model", "--int8"]
    subprocess.run(command, cwd=project, env=environment(), check=True, stdout=subprocess.DEVNULL)
    return (project / "reports/exports/cnn.md").read_text("utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure what exports cost in accuracy.")
    parser.add_argument("source", type=Path)
    parser.add_argument("--side", type=int, default=64)
    parser.add_argument("--epochs", type=int, default=8)
    arguments = parser.parse_args()
    changes = {
        "fetch": {"dataset": "none"},
        "ingest": {"source": str(arguments.source.resolve())},
        "resize": {"height_px": arguments.side, "width_px": arguments.side, "colour": "rgb"},
        "split": {"method": "stratified", "test_share": 0.3},
        "augment": {"views": 2},
        "train": {"epochs": arguments.epochs},
    }
    with tempfile.TemporaryDirectory() as folder:
        write_project(Path(folder), "digits", changes)
        for stage in STAGES:
            run_stage(stage, Path(folder))
        logging.info("%s", export_all(Path(folder)))


if __name__ == "__main__":
    console.run(main)
