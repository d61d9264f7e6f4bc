"""`pixelproof sweep`: from a sweep's file to the table of its trials."""

import json
import logging
import re
import signal
import socket
from pathlib import Path
from typing import Any

from optuna.study import Study
from rich.console import Console

from pixelproof import console
from pixelproof.errors import UserError
from pixelproof.files import locked
from pixelproof.params.section import PARAMS, read_yaml
from pixelproof.params.whole import load_params
from pixelproof.sweeps import report
from pixelproof.sweeps.clones import Clone, Snapshot, has_experiments
from pixelproof.sweeps.experiment import stop_orphans
from pixelproof.sweeps.search import FAILURES, REASON, STOPPED, Search, end, experiment_name, run_of
from pixelproof.sweeps.space import Sweep, load_sweep
from pixelproof.sweeps.study import abandoned, finished, open_study, requeue, trial_count
from pixelproof.tracking.run.record import flatten
from pixelproof.tracking.store.connection import connect

WORK = Path(".work/sweeps")
REPORTS = Path("reports/sweeps")
PREPARED = Path("data/resized")  # what every trial needs but none should make


def run(path: Path, terminal: Console) -> None:
    """Run the sweep of the file at `path`, or the rest of it, and show its trials."""
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what a batch system sends is handled like Ctrl-C
    sweep, params, project = load_sweep(path), load_params(), Path.cwd()
    name = _name(path)
    if not PREPARED.exists():
        raise UserError(f"{PREPARED}: nothing to train on yet. Run `make repro` first.")
    work = WORK / name
    work.mkdir(parents=True, exist_ok=True)
    try:
        with locked(work, wait=False):
            stop_orphans(work)
            connect()
            study = _open(sweep, name, path, project)
            _search(sweep, name, study, project, work, params.ingest.source)
    except BlockingIOError:
        raise UserError(f"the sweep {name} is already running in another process.") from None
    _show(sweep, name, study, terminal)


def _name(path: Path) -> str:
    if not re.fullmatch(r"[A-Za-z0-9_-]+", path.stem):
        raise UserError(f"{path}: the file's name is the sweep's; use only letters, digits, - and _ in it.")
    return path.stem


def _open(sweep: Sweep, name: str, path: Path, project: Path) -> Study:
    """Open the study; queue trials again that a killed process left as running."""
    storage = sweep.storage or f"sqlite:///{(project / path).with_suffix('.db').resolve()}"
    study = open_study(sweep, name, storage, _basis(sweep), load_params().train.epochs)
    if not study.trials and has_experiments(project, experiment_name(name, 0).removesuffix("0")):
        raise UserError(
            f"{path}: there are DVC experiments of an earlier sweep {name!r}, but {storage} knows none. "
            "Rename the file, or remove them with `dvc exp remove`."
        )
    for trial in abandoned(study, _owner(project)):
        began = trial.datetime_start
        end(run_of(name, trial.number, began.timestamp() if began else 0), *STOPPED)
        requeue(study, trial)
    return study


def _owner(project: Path) -> str:
    return f"{socket.gethostname()}:{project}"


def _basis(sweep: Sweep) -> dict[str, Any]:
    """Return what a sweep's trials have in common: model, metric, search space, and all params outside it."""
    searched = sweep.model_dump(mode="json", by_alias=True, include={"model", "metric"})
    space = {f"space.{key}": json.dumps(values.model_dump(by_alias=True)) for key, values in sweep.space.items()}
    params = {key: value for key, value in flatten(read_yaml(PARAMS)).items() if key not in sweep.space}
    return searched | space | params


def _search(sweep: Sweep, name: str, study: Study, project: Path, work: Path, source: str) -> None:
    done, wanted = len(finished(study)), trial_count(sweep)
    if done >= wanted:
        return
    snapshot = Snapshot(project, work, source)
    workers = min(sweep.workers, wanted - done)
    clones = [Clone(snapshot, work.resolve() / f"worker-{number}") for number in range(workers)]
    search = Search(name, sweep, study, _owner(project), clones, work.resolve())
    if done:
        logging.info("sweep %s: continues after %d of %d trials", name, done, wanted)
    trials = search.trials()
    try:
        for trial in console.progress(trials, f"sweep {name}", wanted, done):
            logging.info("%s  %s  %s", experiment_name(name, trial.number), trial.state.name.lower(), _result(trial))
    except KeyboardInterrupt:
        logging.info("sweep %s: stopping its trials; run the same command to continue", name)
        raise
    finally:
        trials.close()
        for clone in clones:
            clone.remove()
    if search.gave_up:
        logging.error("sweep %s: stopped, since %d trials in a row failed; their logs are in %s", name, FAILURES, work)


def _result(trial: Any) -> str:
    return trial.user_attrs.get(REASON) or (f"{trial.value:.4f}" if trial.value is not None else "")


def _show(sweep: Sweep, name: str, study: Study, terminal: Console) -> None:
    trials = report.rows(study, sweep, name)
    report.write_report(study, trials, REPORTS / name)
    terminal.print(report.as_rich(trials, sweep.metric))
    best = trials.iloc[0]
    if best["ended"] != "complete":
        raise UserError(f"the sweep {name} has no complete trial. The last failure: {trials['reason'].iloc[-1]}")
    terminal.print(f"best: {best['experiment']}, {sweep.metric} {best[sweep.metric]:.4f}; see {REPORTS / name}/")
    terminal.print(f"to use it: `dvc exp apply {best['experiment']}`, then `dvc repro` for the test part")
