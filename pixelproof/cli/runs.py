"""Commands on training runs, in MLflow, Git and DVC."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Column, Table

from pixelproof.cli.app import JsonOption, app, terminal
from pixelproof.errors import UserError
from pixelproof.tracking.registry.gate import Metric, Terms

RUN_ID = 32  # characters


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
    terminal().print(sheet)


@app.command()
def compare(
    pair: Annotated[list[str] | None, typer.Argument(help="Two runs' ids, or their beginnings.")] = None,
    metric: Annotated[str, typer.Option(help="The metric of MLflow's runs to compare.")] = "test/accuracy",
    experiment: Annotated[str | None, typer.Option(help="MLflow's experiment; default: that of params.yaml.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Compare two runs on the same test part; without them, runs that differ in `seed` alone: mean and deviation."""
    if pair:
        _compare_two(pair, as_json)
        return
    from pixelproof.params.whole import load_params
    from pixelproof.tracking.history import seeds
    from pixelproof.tracking.history.lineage import open_store
    from pixelproof.tracking.run.naming import experiment_name

    name = experiment or experiment_name(load_params().train.experiment)
    found = seeds.groups(seeds.read_runs(open_store(), name, metric))
    if as_json:
        typer.echo(json.dumps([seeds.as_json(group) for group in found], indent=2))
        return
    terminal().print(seeds.as_rich(found, metric))


def _compare_two(ids: list[str], as_json: bool) -> None:
    if len(ids) != 2:
        raise UserError(f"compare {' '.join(ids)}: expected two runs, got {len(ids)}. `pixelproof runs` lists them.")
    from pixelproof.evaluation.pair import compare_tables
    from pixelproof.params.whole import load_params
    from pixelproof.tracking.history.lineage import find_run, open_store
    from pixelproof.tracking.history.predictions import read_predictions

    client, params = open_store(), load_params()
    runs = [find_run(client, run_id) for run_id in ids]
    first, second = (read_predictions(client, run) for run in runs)
    names = f"run {runs[0].info.run_id[:8]}", f"run {runs[1].info.run_id[:8]}"
    found = compare_tables(first, second, names, confidence=params.evaluate.confidence, seed=params.seed)
    if as_json:
        typer.echo(json.dumps(found.as_json(), indent=2))
        return
    terminal().print(found.as_rich())
    typer.echo(found.verdict)


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

    command.run(file, terminal())


@app.command()
def folds(jobs: Annotated[int, typer.Option(min=1, help="Folds at a time.")] = 1) -> None:
    """Train on each fold of `split.folds`, as DVC experiments; pool the answers; continue an interrupted call."""
    from pixelproof.folds import command

    command.run(jobs, terminal())
