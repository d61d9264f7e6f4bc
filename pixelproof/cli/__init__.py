"""`pixelproof`: what `dvc repro`, params.yaml and `mlflow ui` cannot do."""

from pixelproof import console
from pixelproof.cli import answers, exports, health, networks, runs
from pixelproof.cli.app import app

__all__ = ["answers", "app", "exports", "health", "main", "networks", "runs"]


def main() -> None:
    console.run(app)
