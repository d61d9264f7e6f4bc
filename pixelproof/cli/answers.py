"""Commands that ask a trained model about photos."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pixelproof.cli.app import app
from pixelproof.errors import UserError

if TYPE_CHECKING:
    from pixelproof.inference import command


@app.command()
def predict(
    photos: Annotated[list[str], typer.Argument(help="Files, folders, patterns, or - for a list on standard input.")],
    model: Annotated[str, typer.Option(help="cnn, mlp, a run's id, models:/NAME@ALIAS, or a folder.")] = "cnn",
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object per line.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, a column per class.")] = False,
    top: Annotated[int | None, typer.Option(min=1, help="Show only so many classes, the likeliest.")] = None,
    explain: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Write a picture of what spoke for each answer into a folder.")
    ] = None,
) -> None:
    """Say which class photos are of, by a trained model. The exit status is 1 if a photo cannot be read."""
    from pixelproof.evidence.noting import open_noting
    from pixelproof.inference import command

    if as_json and as_csv:
        raise UserError("--json and --csv: choose one.")
    format: command.Format = "json" if as_json else "csv" if as_csv else "text"
    refused, count = command.predict(photos, lambda: open_noting(model, "predict"), format, top, _explaining(explain))
    if refused:
        typer.echo(f"{refused} of {count} photos could not be read", err=True)
        raise typer.Exit(1)


def _explaining(folder: Path | None) -> "command.Watch | None":
    if folder is None:
        return None
    from pixelproof.evidence.photos import explained

    return lambda classifier, answers: explained(classifier, answers, folder)


@app.command()
def serve(
    model: Annotated[str, typer.Option(help="cnn, mlp, a run's id, models:/NAME@ALIAS, or a folder.")] = "cnn",
    host: Annotated[str, typer.Option(help="0.0.0.0 lets other machines in.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535)] = 8000,
    max_bytes: Annotated[int, typer.Option(min=1, help="Of a request.")] = 32_000_000,
    max_photos: Annotated[int, typer.Option(min=1, help="In a request.")] = 64,
    max_megapixels: Annotated[int, typer.Option(min=1, help="Of a JPEG; of others half or a quarter of it.")] = 50,
    max_seconds: Annotated[float, typer.Option(min=0.1, help="Until a request has arrived.")] = 30.0,
    max_waiting: Annotated[int, typer.Option(min=1, help="Photos in work; more get 429 and Retry-After.")] = 256,
) -> None:
    """Answer photos over HTTP: a page at /, POST /predict, /health, /ready, /metrics, and /docs for the API."""
    from pixelproof.server.command import serve as serve_model
    from pixelproof.server.limits import Limits

    serve_model(model, host, port, Limits(max_bytes, max_photos, max_megapixels, max_seconds, max_waiting))
