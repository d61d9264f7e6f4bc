"""`pixelproof`: what `dvc repro`, params.yaml and `mlflow ui` cannot do."""

import json
import os
from dataclasses import asdict
from math import inf
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.table import Column, Table

from pixelproof import console, presets
from pixelproof.errors import UserError
from pixelproof.evaluation import table
from pixelproof.files import read_json
from pixelproof.network.plan.advice import mlp_budgets, training_photos, warnings
from pixelproof.network.plan.plan import class_count, plan_models
from pixelproof.network.plan.tables import budget_table, plan_table
from pixelproof.params.section import PARAMS
from pixelproof.params.whole import load_params
from pixelproof.tracking.registry.gate import Metric, Terms

INGEST_REPORT = Path("reports/ingest.json")
SPLIT_REPORT = Path("reports/split.json")
METRICS = Path("reports/metrics.json")
AUGMENTED = Path("data/augmented")
FOUND_RATES = Path("reports/find-lr")
WIDE = 160  # columns
RUN_ID = 32  # characters

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)

JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


@app.callback()
def _commands() -> None:
    """Plan networks, search for better params, and trace every number to its origin."""


@app.command()
def plan(
    params: Annotated[Path, typer.Option(help="The params file.")] = PARAMS,
    classes: Annotated[int | None, typer.Option(min=2, help="The number of classes, if nothing else gives it.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Print the output shape, parameters and costs of every layer of both models, without TensorFlow or photos."""
    checked = load_params(params)
    number = class_count(checked.ingest, INGEST_REPORT, classes)
    plans, budgets = plan_models(checked, number), mlp_budgets(checked, number)
    photos = training_photos(checked, INGEST_REPORT, SPLIT_REPORT)
    concerns = {model: warnings(planned, photos) for model, planned in plans.items()}
    if as_json:
        content = {model: {**planned.as_json(), "warnings": concerns[model]} for model, planned in plans.items()}
        content["mlp"]["budgets"] = [asdict(budget) for budget in budgets]
        typer.echo(json.dumps(content, indent=2))
        return
    terminal = _terminal()
    for model, planned in plans.items():
        terminal.print(plan_table(model, planned, checked.train.batch_size))
    terminal.print(budget_table(budgets))
    for model, words in concerns.items():
        for word in words:
            terminal.print(f"{model}: {word}", style="yellow")


def _terminal() -> Console:
    """Return the terminal; output to a file or a pipe gets lines as wide as the tables need."""
    terminal = Console()
    return terminal if terminal.is_terminal or "COLUMNS" in os.environ else Console(width=WIDE)


@app.command()
def preset(
    name: Annotated[str | None, typer.Argument(help="The preset; without it, list the presets.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
) -> None:
    """Copy a preset over params.yaml, after showing the difference."""
    from rich.syntax import Syntax  # its import takes a tenth of the time of `plan`

    if name is None:
        for known, headline in presets.available().items():
            typer.echo(f"{known:<20} {headline}")
        return
    text = presets.read_preset(name)
    changes = presets.difference(PARAMS, text, name)
    if not changes:
        typer.echo(f"{PARAMS} is already the preset {name}.")
        return
    _terminal().print(Syntax(changes, "diff", background_color="default"))
    if not yes:
        typer.confirm(f"Replace {PARAMS}?", abort=True)
    kept = presets.put(PARAMS, text)
    typer.echo(f"{PARAMS} is now the preset {name}{f'; the previous one is in {kept}' if kept else ''}.")


@app.command()
def results(
    metrics: Annotated[Path, typer.Option(help="The evaluation's report.")] = METRICS,
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


@app.command()
def predict(
    photos: Annotated[list[str], typer.Argument(help="Files, folders, patterns, or - for a list on standard input.")],
    model: Annotated[str, typer.Option(help="cnn, mlp, a run's id, models:/NAME@ALIAS, or a folder.")] = "cnn",
    as_json: Annotated[bool, typer.Option("--json", help="Print a JSON object per line.")] = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV, a column per class.")] = False,
    top: Annotated[int | None, typer.Option(min=1, help="Show only so many classes, the likeliest.")] = None,
) -> None:
    """Say which class photos are of, by a trained model. The exit status is 1 if a photo cannot be read."""
    from pixelproof.inference import command

    if as_json and as_csv:
        raise UserError("--json and --csv: choose one.")
    refused, count = command.predict(photos, model, "json" if as_json else "csv" if as_csv else "text", top)
    if refused:
        typer.echo(f"{refused} of {count} photos could not be read", err=True)
        raise typer.Exit(1)


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


@app.command("find-lr")
def find_learning_rate(
    model: Annotated[Literal["cnn", "mlp"], typer.Option(help="The model.")] = "cnn",
    steps: Annotated[int, typer.Option(min=20, help="Batches to train on, at most.")] = 200,
    low: Annotated[float, typer.Option(help="The learning rate of the first step.")] = 1e-6,
    high: Annotated[float, typer.Option(help="The learning rate of the last step.")] = 10.0,
) -> None:
    """Suggest a learning rate by a range test: training steps at a rate that grows from step to step."""
    from pixelproof.data.images.store import open_views
    from pixelproof.experiments import learning_rate

    params = load_params()
    if not 0 < low < high < inf:
        raise UserError(f"--low {low:g} --high {high:g}: expected two rates above 0, the smaller one first")
    views = open_views(AUGMENTED)
    if not views:
        remedy = "Set augment.views to 1 or more" if AUGMENTED.exists() else "Run `dvc repro augment` first"
        raise UserError(f"{AUGMENTED}: no stored views to train on. {remedy}.")
    learner, batches = learning_rate.make_learner(model, params, views[0]), learning_rate.endless_batches(views, params)
    points = learning_rate.run_test(learner, batches, learning_rate.exponential_rates(low, high, steps), steps)
    table = learning_rate.as_table(list(console.progress(points, f"find-lr {model}", steps)), steps)
    suggestion = learning_rate.suggest(table)
    learning_rate.write_results(table, learning_rate.draw(table, suggestion, model), FOUND_RATES)
    typer.echo(f"{model}.learning_rate: the loss falls most steeply at {suggestion:.2g}; see {FOUND_RATES}/find-lr.png")


@app.command()
def runs(
    revision: Annotated[str | None, typer.Argument(help="Commit, branch, tag or experiment; default: all.")] = None,
) -> None:
    """Print the MLflow runs of a revision, or of the last commit and every DVC experiment."""
    from pixelproof.tracking.history.revisions import all_runs, runs_of

    found = runs_of(revision) if revision else all_runs()
    whole = Column("run", no_wrap=True, min_width=RUN_ID)  # never wrapped, so that it can be copied
    sheet = Table("revision", "model", whole, "test accuracy", "weights")
    for run in found:
        accuracy = "" if run.accuracy is None else f"{run.accuracy:.4f}"
        sheet.add_row(run.revision, run.model, run.run_id or "not in DVC's cache", accuracy, run.weights_sha256)
    _terminal().print(sheet)


@app.command()
def compare(
    metric: Annotated[str, typer.Option(help="The metric of MLflow's runs to compare.")] = "test/accuracy",
    experiment: Annotated[str | None, typer.Option(help="MLflow's experiment; default: that of params.yaml.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Print mean and standard deviation over the seeds, of runs that differ in `seed` alone."""
    from pixelproof.tracking.history import seeds
    from pixelproof.tracking.history.lineage import open_store
    from pixelproof.tracking.run.naming import experiment_name

    name = experiment or experiment_name(load_params().train.experiment)
    found = seeds.groups(seeds.read_runs(open_store(), name, metric))
    if as_json:
        typer.echo(json.dumps([seeds.as_json(group) for group in found], indent=2))
        return
    _terminal().print(seeds.as_rich(found, metric))


@app.command()
def where(run_id: Annotated[str, typer.Argument(help="An MLflow run's id, or its beginning.")]) -> None:
    """Print where a run comes from and the commands that rebuild it; change nothing."""
    from pixelproof.tracking.history.lineage import facts, find_run, open_store, rebuild_commands

    run = find_run(open_store(), run_id)
    for name, fact in facts(run):
        typer.echo(f"{name:<16} {fact}")
    typer.echo()
    for command in rebuild_commands(run):
        typer.echo(command)


@app.command()
def reproduce(run_id: Annotated[str, typer.Argument(help="An MLflow run's id, or its beginning.")]) -> None:
    """Train a recorded run again in a temporary clone; compare params, data, curves and weights."""
    from pixelproof.tracking.history.lineage import find_run, open_store
    from pixelproof.tracking.history.reproduction import reproduction

    client = open_store()
    rebuilt = reproduction(client, find_run(client, run_id))
    typer.echo(rebuilt.words)
    raise typer.Exit(0 if rebuilt.identical else 1)


@app.command()
def promote(
    run_id: Annotated[str, typer.Argument(help="An MLflow run's id, or its beginning.")],
    alias: Annotated[str, typer.Option(help="The alias in MLflow's model registry.")] = "champion",
    metric: Annotated[Metric, typer.Option(help="The metric to compare, on the test part.")] = "test/accuracy",
    margin: Annotated[float, typer.Option(help="By how much the run must be better.")] = 0.0,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the decision; change nothing.")] = False,
    git_tag: Annotated[bool, typer.Option("--git-tag", help="Also create the Git tags of DVC's registry.")] = False,
) -> None:
    """Register a run's model and make it champion if it beats the current one on the same test part."""
    terms = Terms(alias, metric, margin)
    from pixelproof.tracking.history.lineage import find_run, open_store
    from pixelproof.tracking.registry import registry

    client = open_store()
    for line in registry.promote(client, find_run(client, run_id), terms, dry_run=dry_run, git_tag=git_tag):
        typer.echo(line)


@app.command()
def sync(
    to: Annotated[str | None, typer.Option(help="Another MLflow store than the training runs use.")] = None,
) -> None:
    """Bring MLflow up to date with every run in Git and DVC; running it again changes nothing."""
    from pixelproof.tracking.history.sync import sync as synchronise

    for line in synchronise(to):
        typer.echo(line)


@app.command()
def sweep(file: Annotated[Path, typer.Argument(help="The sweep file, such as sweeps/example.yaml.")]) -> None:
    """Try many values of params.yaml, each as a DVC experiment and an MLflow run; continue an interrupted sweep."""
    from pixelproof.sweeps import command  # Optuna and MLflow take seconds to load

    command.run(file, _terminal())


def main() -> None:
    console.run(app)
