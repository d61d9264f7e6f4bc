"""`pixelproof folds`: from params.yaml to the figures of all folds."""

import logging
import signal
from pathlib import Path

from rich.console import Console

from pixelproof import console
from pixelproof.errors import UserError
from pixelproof.files import locked, read_json
from pixelproof.folds.kept import Kept
from pixelproof.folds.report import CONTENT, TABLE, as_rich, report, verdict, write_report
from pixelproof.folds.running import Running
from pixelproof.params.section import PARAMS
from pixelproof.params.whole import Params, load_params
from pixelproof.paths import RESIZED, WORK
from pixelproof.sweeps.clones import Clone, Snapshot
from pixelproof.sweeps.experiment import stop_orphans
from pixelproof.tracking.store.connection import connect

FOLDS = WORK / "folds"
REPORTS = Path("reports/folds")


def run(jobs: int, terminal: Console) -> None:
    """Run the folds of params.yaml, or the rest of them, and show what they say together.

    Raises UserError where params.yaml has no folds, nothing is prepared, or a fold fails.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # what a batch system sends is handled like Ctrl-C
    params = load_params()
    count = _count(params)
    if not RESIZED.exists():
        raise UserError(f"{RESIZED}: nothing to train on yet. Run `make repro` first.")
    kept = Kept.of(Path.cwd(), FOLDS.resolve(), count)
    FOLDS.mkdir(parents=True, exist_ok=True)
    try:
        with locked(FOLDS, wait=False):
            stop_orphans(FOLDS)
            _run_missing(kept, jobs, params.ingest.source)
    except BlockingIOError:
        raise UserError("`pixelproof folds` is already running here, in another process.") from None
    classes = read_json(RESIZED / "store.json")["classes"]
    table, content = report(kept, classes, confidence=params.evaluate.confidence, seed=params.seed)
    write_report(table, content, REPORTS)
    terminal.print(as_rich(table, content))
    terminal.print(verdict(content), soft_wrap=True)
    terminal.print(f"see {REPORTS / TABLE} and {REPORTS / CONTENT}")


def _count(params: Params) -> int:
    if params.split.method == "given":
        raise UserError(
            f"{PARAMS}: split.method is 'given', which keeps the source's parts, so there are no folds. Choose "
            "split.method: stratified, and add `folds: 5` and `fold: 1`."
        )
    if params.split.folds is None:
        raise UserError(
            f"{PARAMS}: split.folds is not set, so there are no folds. Add `folds: 5` and `fold: 1` to split."
        )
    return params.split.folds


def _run_missing(kept: Kept, jobs: int, source: str) -> None:
    missing, done = kept.missing, len(kept.done)
    if not missing:
        logging.info("folds: all %d are done already; nothing has changed since", kept.count)
        return
    connect()
    if done:
        logging.info("folds: continues after %d of %d folds", done, kept.count)
    snapshot = Snapshot(Path.cwd(), FOLDS, source)
    workers = range(min(jobs, len(missing)))
    clones = [Clone(snapshot, FOLDS.resolve() / f"worker-{number}") for number in workers]
    ended = Running(kept, clones, FOLDS).run(missing)
    try:
        for fold in console.progress(ended, "folds", kept.count, done):
            logging.info("fold %d of %d is done: %s", fold, kept.count, kept.experiment(fold))
    except KeyboardInterrupt:
        logging.info("folds: stopping; run the same command to continue")
        raise
    finally:
        ended.close()
        for clone in clones:
            clone.remove()
