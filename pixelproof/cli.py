"""`pixelproof`: what `dvc repro`, editing params.yaml and `mlflow ui` cannot do."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from pixelproof import console
from pixelproof.errors import UserError
from pixelproof.evidence import table
from pixelproof.files import read_json
from pixelproof.network.plan import Plan, class_count, plan_models
from pixelproof.params import PARAMS, load_params

INGEST_REPORT = Path("reports/ingest.json")
METRICS = Path("reports/metrics.json")

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@app.callback()
def _commands() -> None:
    """See a network before it is built, and the last comparison again."""


@app.command()
def plan(
    params: Annotated[Path, typer.Option(help="The params file.")] = PARAMS,
    classes: Annotated[int | None, typer.Option(min=2, help="The number of classes, where nothing tells it.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Print every layer's output shape and parameters, of the CNN and the MLP, without TensorFlow or photos."""
    checked = load_params(params)
    plans = plan_models(checked, class_count(checked.ingest, INGEST_REPORT, classes))
    if as_json:
        typer.echo(json.dumps({model: planned.as_json() for model, planned in plans.items()}, indent=2))
        return
    for model, planned in plans.items():
        Console().print(_plan_table(model, planned))


def _plan_table(model: str, planned: Plan) -> Table:
    title = f"{model}: {planned.parameters:,} parameters, {planned.multiply_adds:,} multiply-adds per image"
    view = Table("layer", "kind", "output", "its size", "parameters", title=title)
    view.add_row("input", "", _shape(planned.input_shape), "", "")
    for layer in planned.layers:
        view.add_row(layer.name, layer.kind, _shape(layer.output_shape), layer.shape_formula, layer.parameters_formula)
    return view


def _shape(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


@app.command()
def results(
    metrics: Annotated[Path, typer.Option(help="The report of the evaluation.")] = METRICS,
    markdown: Annotated[bool, typer.Option(help="Print Markdown, as in the README.")] = False,
) -> None:
    """Print the last comparison of the two models."""
    if not metrics.is_file():
        raise UserError(f"{metrics}: there are no results yet. Run `make repro` first.")
    content = read_json(metrics)
    rows, verdict = table.comparison_rows(content), table.verdict(content)
    if markdown:
        typer.echo(f"{table.as_markdown(rows)}\n\n{verdict}")
        return
    Console().print(table.as_rich(rows), verdict)


def main() -> None:
    console.run(app)
