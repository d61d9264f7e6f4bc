"""The command that writes a model for other programs."""

from pathlib import Path
from typing import Annotated

import typer

from pixelproof.cli.app import app, terminal


@app.command()
def export(
    to: Annotated[str, typer.Option(help="Some of onnx, litert, saved_model, page, with commas between.")] = "onnx",
    model: Annotated[str, typer.Option(help="cnn, mlp, a run's id, models:/NAME@ALIAS, or a folder.")] = "cnn",
    int8: Annotated[bool, typer.Option("--int8", help="Also onnx and litert as 8-bit integers.")] = False,
    out: Annotated[Path | None, typer.Option(help="The folder; default: exports/MODEL.")] = None,
) -> None:
    """Write a trained model for other programs, and prove that it answers the same there."""
    from pixelproof.export import command

    command.export(model, to, int8=int8, out=out, terminal=terminal())
