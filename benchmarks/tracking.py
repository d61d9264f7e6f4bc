"""Time to list the runs of 50 experiments with both models: `pixelproof runs`, MLflow's search, its page.

    python -m benchmarks.tracking [--experiments N]

Makes a project with experiments in Git, DVC's cache and MLflow, as training runs leave them, but without training.
Starts the server of `make ui`, and Chromium, which opens the table of runs: with an empty browser cache, and with a
filled one. The same table with as many empty runs shows how much of the time is MLflow's own. Prints seconds; leaves
nothing behind.
"""

import argparse
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import requests
from mlflow.entities import LoggedModelOutput, LoggedModelStatus, Metric, Param, RunTag
from mlflow.tracking import MlflowClient
from playwright.sync_api import Page, ViewportSize, sync_playwright
from rich.console import Console

from benchmarks.project import ROOT, write_project
from pixelproof import console
from pixelproof.errors import UserError
from pixelproof.params.whole import load_params
from pixelproof.tracking.run.provenance import collect
from pixelproof.tracking.run.record import flatten
from pixelproof.tracking.store import runs_table, view

EXPERIMENTS, MODELS, EPOCHS = 50, ("cnn", "mlp"), 60
CURVES = ("train/loss", "train/accuracy", "valid/loss", "valid/accuracy", "train/images_per_second")
ROUNDS = 3
LIMIT = 2.0  # seconds, the aim for each
WAIT = 120  # seconds, at most, for a server or a page
VIEWPORT: ViewportSize = {"width": 1400, "height": 900}
TRIED = "tried-{number:03d}"  # an experiment's name


def write_experiments(project: Path, number: int) -> tuple[str, str]:
    """Fill a project, its Git, DVC's cache and MLflow with experiments; return MLflow's store and experiment."""
    write_project(project, "digits", {})
    shutil.copytree(ROOT / ".dvc", project / ".dvc", ignore=lambda _, names: {*names} - {"config", ".gitignore"})
    for file in ("dvc.yaml", ".gitignore"):
        shutil.copy(ROOT / file, project)
    _git(project, "init", "--quiet")
    base = _commit(project, "start")
    store = f"sqlite:///{project / 'mlflow.db'}"
    client = MlflowClient(store)
    experiment = _experiment(client, "pixelproof", (project / "mlartifacts").as_uri())
    for n in range(number):
        records = {model: _log_run(client, experiment, model, n) for model in MODELS}
        _write_result(project, records)
        name = TRIED.format(number=n)
        _git(project, "update-ref", f"refs/exps/{base[:2]}/{base[2:]}/{name}", _commit(project, name))
        _git(project, "reset", "--quiet", "--hard", base)
    return store, experiment


def write_empty_runs(store: str, artifacts: str, number: int) -> str:
    """Write the runs of as many experiments, with names and nothing else; return MLflow's experiment."""
    client = MlflowClient(store)
    experiment = _experiment(client, "empty", artifacts)
    for n in range(number):
        for model in MODELS:
            client.set_terminated(client.create_run(experiment, run_name=_name(model, n)).info.run_id)
    return experiment


def _experiment(client: MlflowClient, name: str, artifacts: str) -> str:
    """Create an experiment with the columns that `make ui` shows."""
    experiment = client.create_experiment(name, artifacts)
    runs_table.save(client, experiment)
    return experiment


def _name(model: str, number: int) -> str:
    return f"{model} {TRIED.format(number=number)}"


def _log_run(client: MlflowClient, experiment: str, model: str, number: int) -> dict[str, Any]:
    """Log what training and evaluation log, without the model's files; return the content of run.json."""
    run = client.create_run(experiment, run_name=_name(model, number))
    run_id, now = run.info.run_id, time.time_ns() // 1_000_000
    curves = [Metric(key, (number + epoch) % 7 / 7, now, epoch) for key in CURVES for epoch in range(EPOCHS)]
    tested = [Metric(f"test/{key}", number % 9 / 9, now, 0) for key in ("accuracy", "macro_f1", "log_loss")]
    params = [Param(key, str(value)) for key, value in flatten(load_params().model_dump(exclude_none=True)).items()]
    weights = hashlib.sha256(f"{model} {number}".encode()).hexdigest()
    tags = {**collect().tags, "model": model, "weights_sha256": weights}
    client.log_batch(run_id, [*curves, *tested], params[:100], [RunTag(key, tag) for key, tag in tags.items()])
    logged = client.create_logged_model(experiment, name=model, source_run_id=run_id)
    client.finalize_logged_model(logged.model_id, LoggedModelStatus.READY)
    client.log_outputs(run_id, [LoggedModelOutput(logged.model_id, 0)])
    client.set_terminated(run_id)
    return {"run_id": run_id, "weights_sha256": weights}


def _write_result(project: Path, records: dict[str, dict[str, Any]]) -> None:
    """Write dvc.lock and metrics.json as after `dvc repro`, with their files in DVC's cache."""
    lock = (ROOT / "dvc.lock").read_text("utf-8")
    for model, record in records.items():
        run_json = _cache(project, json.dumps(record))
        listed = _cache(project, json.dumps([{"md5": run_json, "relpath": "run.json"}]), ".dir")
        lock = re.sub(rf"(path: models/{model}\n\s+hash: md5\n\s+md5: )\S+", rf"\g<1>{listed}", lock)
    (project / "dvc.lock").write_text(lock, "utf-8")
    (project / "reports").mkdir(exist_ok=True)
    shutil.copy(ROOT / "reports/metrics.json", project / "reports")


def _cache(project: Path, content: str, suffix: str = "") -> str:
    md5 = hashlib.md5(content.encode()).hexdigest() + suffix
    path = project / ".dvc/cache/files/md5" / md5[:2] / md5[2:]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, "utf-8")
    return md5


def _commit(project: Path, message: str) -> str:
    _git(project, "add", ".")
    _git(project, "-c", "user.name=b", "-c", "user.email=b@example.org", "commit", "--quiet", "-m", message)
    return _git(project, "rev-parse", "HEAD")


def _git(project: Path, *arguments: str) -> str:
    done = subprocess.run(["git", *arguments], cwd=project, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def list_runs(project: Path, number: int) -> None:
    """Run `pixelproof runs` as a process. Raises UserError if it does not list every run."""
    program = Path(sys.executable).with_name("pixelproof")
    done = subprocess.run([program, "runs"], cwd=project, capture_output=True, text=True, check=True)
    listed = len(re.findall(r"\b[0-9a-f]{32}\b", done.stdout))
    if listed != number * len(MODELS):
        raise UserError(f"`pixelproof runs` listed {listed} runs of {number * len(MODELS)}")


def search(server: str, experiment: str, number: int) -> None:
    """Request the runs from MLflow as its page does."""
    asked: dict[str, Any] = {"experiment_ids": [experiment], "max_results": 1000}
    answer = requests.post(f"{server}/api/2.0/mlflow/runs/search", json=asked, timeout=WAIT)
    found = answer.json().get("runs", [])
    if len(found) != number * len(MODELS):
        raise UserError(f"MLflow found {len(found)} runs of {number * len(MODELS)}: {answer.text[:200]}")


def open_page(address: str, number: int, page: Page) -> None:
    """Open the table of runs; wait for the row of the newest run."""
    page.goto(address, wait_until="commit")
    page.get_by_text(_name(MODELS[-1], number - 1)).first.wait_for(timeout=WAIT * 1000)


def pages(address: str, empty: str, number: int) -> dict[str, list[float]]:
    """Return how long Chromium took to show the table, first and later, and the table of empty runs."""

    def open_first() -> None:
        with browser.new_context(viewport=VIEWPORT) as fresh:
            open_page(address, number, fresh.new_page())

    def open_again(address: str) -> None:
        with known.new_page() as page:
            open_page(address, number, page)

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        known = browser.new_context(viewport=VIEWPORT)
        return {
            "MLflow's table in a browser that is new to it": seconds(open_first),
            "MLflow's table in a browser that knows it": seconds(lambda: open_again(address)),
            "the same of runs in which nothing is logged": seconds(lambda: open_again(empty)),
        }


def _wait_until_idle(pid: int) -> None:
    """Wait until the server's processes are idle: when the first one answers, the others still load their code."""
    until = time.monotonic() + WAIT
    used, before = _processor_seconds(pid), -1.0
    while used > before + 0.05 and time.monotonic() < until:
        time.sleep(2)
        used, before = _processor_seconds(pid), used


def _processor_seconds(pid: int) -> float:
    server = psutil.Process(pid)
    return sum(sum(process.cpu_times()[:2]) for process in (server, *server.children(recursive=True)))


def seconds(work: Callable[[], None]) -> list[float]:
    """Return how long each round took, in order."""
    taken = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        work()
        taken.append(round(time.perf_counter() - began, 2))
    return taken


def measure(number: int = EXPERIMENTS) -> list[dict[str, Any]]:
    """Return a row per list of runs: the first round, without warm caches, and the best one."""
    os.environ.update(view.QUIET)
    with tempfile.TemporaryDirectory() as folder:
        project = Path(folder)
        store, experiment = write_experiments(project, number)
        empty = write_empty_runs(store, (project / "mlartifacts").as_uri(), number)
        taken = {"pixelproof runs": seconds(lambda: list_runs(project, number))}
        with view.serving(store) as (server, process):
            _wait_until_idle(process.pid)
            taken["MLflow's search by REST"] = seconds(lambda: search(server, experiment, number))
            taken |= pages(view.address(server, experiment), view.address(server, empty), number)
    return [
        {"benchmark": "tracking", "case": case, "runs": number * len(MODELS), "first": rounds[0], "best": min(rounds)}
        for case, rounds in taken.items()
    ]


def describe(rows: list[dict[str, Any]]) -> list[str]:
    return [
        f"{row['case']}, {row['runs']} runs: {row['best']:.2f} s, the first time {row['first']:.2f} s"
        + ("" if row["best"] < LIMIT else f"; more than {LIMIT:g} s")
        for row in rows
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure how long lists of runs take.")
    parser.add_argument("--experiments", type=int, default=EXPERIMENTS)
    Console().print(*describe(measure(parser.parse_args().experiments)), sep="\n")


if __name__ == "__main__":
    console.run(main)
