"""A recorded run trained again in a temporary clone, and compared with what was recorded, number by number."""

import json
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from mlflow.entities import Run
from mlflow.tracking import MlflowClient

from pixelproof.errors import UserError
from pixelproof.repository import lock
from pixelproof.repository.cloning import clone_project
from pixelproof.tracking.run.machine import MACHINE
from pixelproof.tracking.run.provenance import DATA, versions
from pixelproof.tracking.run.record import CHANGES

CURVES = ("train/loss", "train/accuracy", "valid/loss", "valid/accuracy")  # by epoch; what the clock says differs
NOT_COMPARED = ("git.", "dvc.", "host", "platform", *MACHINE, "command", "mlflow.", "pixelproof.", "version.")


@dataclass(frozen=True)
class Reproduction:
    """Whether a rebuilt run equals the recorded one, and in what they differ, in words."""

    identical: bool
    words: str


def reproduction(client: MlflowClient, recorded: Run) -> Reproduction:
    """Rebuild a run in a temporary folder and compare. Raises UserError if something that is needed is gone."""
    with tempfile.TemporaryDirectory(prefix="pixelproof-") as folder:
        store, rebuilt = rebuild(client, recorded, Path(folder) / "clone")
        differing = list(differences(client, recorded, store, rebuilt))
        values = sum(len(_by_step(store, rebuilt, curve)) for curve in CURVES)
    if not differing:
        weights = rebuilt.data.tags["weights_sha256"]
        same = f"{len(rebuilt.data.params)} parameters, {values} values of {len(CURVES)} curves"
        return Reproduction(True, f"identical: {same}, and the weights (sha256 {weights})")
    hints = f"{_hint('versions', other_versions(recorded))}{_hint('machines', other_machine(recorded, rebuilt))}"
    return Reproduction(False, f"not identical: {differing[0]}; {len(differing)} differences in all{hints}")


def _hint(kind: str, differences: Iterator[str]) -> str:
    lines = "".join(f"\n  {line}" for line in differences)
    return f"\nThe {kind} differ, which can give other weights:{lines}" if lines else ""


def rebuild(client: MlflowClient, run: Run, folder: Path) -> tuple[MlflowClient, Run]:
    """Train a recorded run again in `folder`, a new clone of the project; return its store there and its new run.

    The images come from DVC's cache, by the hashes that the run recorded. Raises UserError if something that is
    needed is gone.
    """
    commit, stage = run.data.tags.get("git.commit"), run.data.tags.get("dvc.stage")
    if not commit or not stage:
        raise UserError(
            f"run {run.info.run_id}: it records no commit or no stage (`pixelproof where` shows what it records)."
        )
    with tempfile.TemporaryDirectory() as artifacts:
        changes = Path(client.download_artifacts(run.info.run_id, CHANGES, artifacts))
        root = clone_project(Path.cwd(), commit, folder)
        _run(folder, "git", "apply", "--allow-empty", "--whitespace=nowarn", str(changes.resolve()))
    _check_out_data(root)
    _run(root, sys.executable, "-m", "dvc", "repro", "--single-item", "--force", "--no-commit", stage, shown=True)
    rebuilt = MlflowClient(f"sqlite:///{root / 'mlflow.db'}")
    record = json.loads((root / "models" / run.data.tags["model"] / "run.json").read_text("utf-8"))
    return rebuilt, rebuilt.get_run(record["run_id"])


def _check_out_data(root: Path) -> None:
    """Bring what a training run reads from DVC's cache."""
    for path, md5 in lock.hashes_of(DATA, root / lock.LOCK).items():
        try:
            _run(root, sys.executable, "-m", "dvc", "checkout", "--quiet", "--force", path)
        except UserError:
            raise UserError(f"{path} ({md5}) is not in DVC's cache. Run `dvc pull`, or rebuild it first.") from None


def differences(client: MlflowClient, recorded: Run, rebuilt_client: MlflowClient, rebuilt: Run) -> Iterator[str]:
    """Say what differs between two runs, in the order of cause and effect: parameters, data, curves, weights."""
    yield from _differing("parameter", recorded.data.params, rebuilt.data.params)
    yield from _differing("tag", _compared(recorded.data.tags), _compared(rebuilt.data.tags))
    for curve in CURVES:
        before, after = (_by_step(store, run, curve) for store, run in ((client, recorded), (rebuilt_client, rebuilt)))
        yield from _differing(f"{curve} at epoch", before, after)


def other_versions(run: Run) -> Iterator[str]:
    """Say which libraries have another version than the run was trained with."""
    recorded = {key.removeprefix("version."): tag for key, tag in run.data.tags.items() if key.startswith("version.")}
    for library, now in versions(recorded).items():
        if now != recorded[library]:
            yield f"{library} {now} instead of {recorded[library]}"


def other_machine(recorded: Run, rebuilt: Run) -> Iterator[str]:
    """Say in what the machine differs that the run was trained on, as far as it recorded that."""
    for tag, name in MACHINE.items():
        before, now = recorded.data.tags.get(tag), rebuilt.data.tags.get(tag, "none")
        if before is not None and before != now:
            yield f"{name}: {now} instead of {before}"


def _compared(tags: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in tags.items() if not key.startswith(NOT_COMPARED) and "run_id" not in key}


def _by_step(client: MlflowClient, run: Run, curve: str) -> dict[int, float]:
    return {metric.step: metric.value for metric in client.get_metric_history(run.info.run_id, curve)}


def _differing(kind: str, recorded: dict[Any, Any], rebuilt: dict[Any, Any]) -> Iterator[str]:
    for key in [*recorded, *(key for key in rebuilt if key not in recorded)]:
        before, after = recorded.get(key, "nothing"), rebuilt.get(key, "nothing")
        if before != after:
            yield f"{kind} {key}: {before} recorded, {after} rebuilt"


def _run(folder: Path, *command: str, shown: bool = False) -> str:
    """Run a command in a folder, its own store there; `shown` lets a person see what it prints."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("MLFLOW_", "DVC_"))}
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    out = sys.stderr if shown else subprocess.PIPE
    done = subprocess.run(command, cwd=folder, env=environment, stdout=out, stderr=None if shown else out, check=False)
    if done.returncode:
        logging.error("%s", (done.stderr or b"").decode(errors="replace").strip())
        raise UserError(f"`{' '.join(command)}` failed in {folder}; the run cannot be rebuilt.")
    return (done.stdout or b"").decode()
