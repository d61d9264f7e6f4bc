"""`pixelproof`: what `dvc repro`, params.yaml and `mlflow ui` cannot do."""

from pixelproof import console
from pixelproof.cli import answers, networks, runs
from pixelproof.cli.app import app

__all__ = ["answers", "app", "main", "networks", "runs"]


def main() -> None:
    console.run(app)
