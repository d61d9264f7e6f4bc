"""Commands on params.yaml and the networks that it describes."""

import json
from dataclasses import asdict
from math import inf
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console

from pixelproof import console
from pixelproof.cli.app import JsonOption, app, terminal
from pixelproof.errors import UserError
from pixelproof.files import read_json

# Reading and checking params.yaml takes a third of the time of `predict` with an export: each command loads its own.
PARAMS = Path("params.yaml")
INGEST_REPORT = Path("reports/ingest.json")
SPLIT_REPORT = Path("reports/split.json")
METRICS = Path("reports/metrics.json")
FOUND_RATES = Path("reports/find-lr")


@app.command()
def plan(
    params: Annotated[Path, typer.Option(help="The params file.")] = PARAMS,
    classes: Annotated[int | None, typer.Option(min=2, help="The number of classes, if nothing else gives it.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Print the output shape, parameters and costs of every layer of both models, without TensorFlow or photos."""
    from pixelproof.network.plan.advice import mlp_budgets, training_photos, warnings
    from pixelproof.network.plan.plan import class_count, plan_models
    from pixelproof.network.plan.tables import budget_table, plan_table
    from pixelproof.params.whole import load_params

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
    shown = terminal()
    for model, planned in plans.items():
        shown.print(plan_table(model, planned, checked.train.batch_size))
    shown.print(budget_table(budgets))
    for model, words in concerns.items():
        for word in words:
            shown.print(f"{model}: {word}", style="yellow")


@app.command()
def preset(
    name: Annotated[str | None, typer.Argument(help="The preset; without it, list the presets.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask for confirmation.")] = False,
) -> None:
    """Copy a preset over params.yaml, after showing the difference."""
    from rich.syntax import Syntax  # its import takes a tenth of the time of `plan`

    from pixelproof import presets

    if name is None:
        for known, headline in presets.available().items():
            typer.echo(f"{known:<20} {headline}")
        return
    text = presets.read_preset(name)
    changes = presets.difference(PARAMS, text, name)
    if not changes:
        typer.echo(f"{PARAMS} is already the preset {name}.")
        return
    terminal().print(Syntax(changes, "diff", background_color="default"))
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
    from pixelproof.evaluation import table

    if not metrics.is_file():
        raise UserError(f"{metrics}: there are no results yet. Run `make repro` first.")
    content = read_json(metrics)
    rows, verdict = table.comparison_rows(content), table.verdict(content)
    if markdown:
        typer.echo(f"{table.as_markdown(rows)}\n\n{verdict}")
        return
    Console().print(table.as_rich(rows), table.as_rich(table.interval_rows(content), "With intervals"), verdict)


@app.command("find-lr")
def find_learning_rate(
    model: Annotated[Literal["cnn", "mlp"], typer.Option(help="The model.")] = "cnn",
    steps: Annotated[int, typer.Option(min=20, help="Batches to train on, at most.")] = 200,
    low: Annotated[float, typer.Option(help="The learning rate of the first step.")] = 1e-6,
    high: Annotated[float, typer.Option(help="The learning rate of the last step.")] = 10.0,
) -> None:
    """Suggest a learning rate by a range test: training steps at a rate that grows from step to step."""
    from pixelproof.experiments import learning_rate
    from pixelproof.params.whole import load_params

    params = load_params()
    if not 0 < low < high < inf:
        raise UserError(f"--low {low:g} --high {high:g}: expected two rates above 0, the smaller one first")
    views = learning_rate.stored_views(model, params)
    learner, batches = learning_rate.make_learner(model, params, views[0]), learning_rate.endless_batches(views, params)
    points = learning_rate.run_test(learner, batches, learning_rate.exponential_rates(low, high, steps), steps)
    table = learning_rate.as_table(list(console.progress(points, f"find-lr {model}", steps)), steps)
    suggestion = learning_rate.suggest(table)
    learning_rate.write_results(table, learning_rate.draw(table, suggestion, model), FOUND_RATES)
    typer.echo(f"{model}.learning_rate: the loss falls most steeply at {suggestion:.2g}; see {FOUND_RATES}/find-lr.png")
