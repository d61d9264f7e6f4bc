"""What train@cnn and train@mlp share: the same batches, the same loop, one MLflow run each, the same files.

Reads   data/augmented/, data/resized/, data/splits.csv, reports/split.json
Writes  models/<model>/ (the model, history.csv, run.json, the record of the MLflow run), reports/valid/<model>.json,
        reports/records/<model>.json (the record again, for Git), data/snapshots/<model>.npz
Keeps   .work/train-<model>-*/: the checkpoint until the model is trained, the trained model until DVC has it
"""

import logging
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from shutil import copyfile
from typing import Any
from uuid import uuid4

import pandas as pd

from pixelproof.files import read_json, replacing, write_json
from pixelproof.files.exclusive import exclusively
from pixelproof.files.journal import fingerprint
from pixelproof.params.train import Train
from pixelproof.paths import MODELS, PLAN, RECORDS, SNAPSHOTS, VALIDATION, WORK
from pixelproof.repository.lock import hashes_of
from pixelproof.tracking.delivery.kept import kept_tags
from pixelproof.tracking.delivery.live import LiveRun, recording
from pixelproof.tracking.run.machine import differences
from pixelproof.tracking.run.naming import experiment_name
from pixelproof.tracking.run.new_run import describe_new_run
from pixelproof.tracking.run.provenance import collect
from pixelproof.tracking.run.record import (
    CHANGES,
    FINISHED,
    MODEL,
    Record,
    file_hashes,
    files_in,
    flatten,
    now,
    points,
    read_training,
    write_record,
    write_records,
)
from pixelproof.tracking.run.training_record import begun_record, curves, summary, validation
from pixelproof.training import checkpoint
from pixelproof.training.checkpoint import Checkpoint
from pixelproof.training.failures import resource_errors_as_user_errors
from pixelproof.training.feed import Batch
from pixelproof.training.finished import FOLDER, RUN, FinishedModel, sync_folder
from pixelproof.training.interruption import Interruption
from pixelproof.training.loop import Epoch, SavedLearner, State, best_epoch, stop_reason, weights_sha256
from pixelproof.training.session import Session
from pixelproof.training.snapshots import write_snapshots
from pixelproof.training.training_data import TrainingData, identity


def one_at_a_time(model: str, main: Callable[[], None]) -> None:
    """Run a training once no other process trains this model here: they would share files, and an accelerator."""
    with exclusively(WORK / f"train-{model}.lock", f"train {model}"):
        main()


def train(
    model: str,
    learner: SavedLearner,
    data: TrainingData,
    section: Mapping[str, Any],
    params: Train,
    save_for_mlflow: Callable[[Path, Path], None],
    *,
    seed: int,
    libraries: Sequence[str],
) -> None:
    """Train a model, or go on where a run was stopped; log it to one MLflow run and keep it in models/<model>/.

    A model that is trained is not trained again before DVC has it. `section` holds the model's own params, for the
    record; `save_for_mlflow` moves the trained model from the first folder into the second, which it makes; other
    versions of `libraries` may give other weights. Raises Interrupted after SIGINT or SIGTERM, UserError where disk or
    memory is full or the loss is not finite.
    """
    logged = flatten({"seed": seed, model: section, "train": params, **data.made_with})
    path = checkpoint.prepare(WORK, model, fingerprint(logged, identity(), libraries=libraries))
    finished = _finished(model, path)
    found = None if finished.exists else checkpoint.read(path)
    state = found.state if found else State()
    with resource_errors_as_user_errors(path.parent), Interruption() as interruption:
        if finished.exists:
            logging.info("train %s: DVC does not have the trained model yet; using it instead of training again", model)
            record, files = _kept(finished)
        else:
            record, files = _begun(model, logged, data, params, path, found)
        with recording(record, files, resumed=finished.exists or found is not None) as run:
            if not finished.exists:
                if found and state.has_begun:
                    learner.load_state(found.learner)
                checkpoints = checkpoint.Checkpoints(
                    path, record.run_id, learner, params.checkpoint_minutes, record.started
                )
                checkpoints.save(state)  # a kill from now on is followed by work in this very run
                run.add(curves(map(asdict, state.history)))
                session = Session(f"train {model}", learner, params, len(data.labels), checkpoints, partial(_log, run))
                session.run(partial(_batches, data, params, seed), data.valid_batches, state, interruption)
                _finish(model, learner, params, state, run, save_for_mlflow, finished)
            _hand_over(model, finished, run)
            interruption.check()  # else DVC would go on with the next stage
    checkpoint.discard(path)


def _finished(model: str, path: Path) -> FinishedModel:
    """Return where the trained model is kept; one that has its place already is removed, and trained again."""
    finished = FinishedModel(path.with_name(FOLDER), MODELS / model)
    output = finished.output.as_posix()
    has_ended = not path.exists()  # a stage that was killed leaves its checkpoint
    finished.discard_if_taken(hashes_of([output]).get(output), by_hand=has_ended and "DVC_STAGE" not in os.environ)
    return finished


def _kept(finished: FinishedModel) -> tuple[Record, dict[str, Path]]:
    """Return the record of a model that is trained, with its files; its run is open until the model is in its place."""
    files = files_in(finished.folder)
    return read_training(files).record.model_copy(update={"status": "RUNNING"}), files


def _begun(
    model: str, logged: dict[str, Any], data: TrainingData, params: Train, path: Path, found: Checkpoint | None
) -> tuple[Record, dict[str, Path]]:
    """Return the record of a run that begins, or goes on as `found` left it, with its files."""
    described, origin = describe_new_run(model), collect()
    origin.write_changes(path.with_name(CHANGES))
    other = differences(kept_tags(found.run_id), origin.tags) if found else []
    if other:
        logging.warning(
            "train %s: continues on another machine (%s), so the weights may differ from those of a run that was never "
            "stopped. To train anew, stop this and remove %s",
            *(model, "; ".join(other), path.parent),
        )
    record = begun_record(
        described,
        logged,
        origin,
        data.store,
        run_id=found.run_id if found else uuid4().hex,
        experiment=experiment_name(params.experiment),
        started=found.started if found else now(),
    )
    return record, {CHANGES: path.with_name(CHANGES)}


def _batches(data: TrainingData, params: Train, seed: int, epoch: int, start: int) -> Iterator[Batch]:
    return data.training_batches(epoch, params, seed=seed, start=start)


def _log(run: LiveRun, epoch: Epoch) -> None:
    run.add(curves([asdict(epoch)]))


def _finish(
    model: str,
    learner: SavedLearner,
    params: Train,
    state: State,
    run: LiveRun,
    save_for_mlflow: Callable[[Path, Path], None],
    finished: FinishedModel,
) -> None:
    """Write the trained model with all that its run says; what a run that was killed here had begun is made anew."""
    best = best_epoch(state.history, params.early_stopping)
    weights = weights_sha256(learner.weights())
    trained = {
        "weights_sha256": weights,
        "parameters": learner.parameters,
        "best_epoch": best.epoch,
        "epochs": len(state.history),
        "train_seconds": round(sum(epoch.seconds for epoch in state.history), 3),
    }
    metrics = summary(read_json(PLAN / f"{model}.json"), trained, asdict(best))
    record = run.record
    write_snapshots(_snapshots(finished, model), state.snapshots)  # first: a folder that is there is complete
    with replacing(finished.folder) as folder:
        folder.mkdir()
        learner.save(folder)
        metrics["model/size_bytes"] = sum(path.stat().st_size for path in files_in(folder).values())
        save_for_mlflow(folder, folder / MODEL)
        pd.DataFrame(state.history).to_csv(folder / "history.csv", index=False)
        copyfile(run.files[CHANGES], folder / CHANGES)
        record.metrics += points(metrics, step=0, timestamp=state.history[-1].ended)
        record.tags |= {"weights_sha256": weights, "ended": str(stop_reason(state, params))}
        record.model, record.ended = model, now()
        record.files = file_hashes(record, folder)
        write_record(record.model_copy(update={"status": FINISHED}), folder)
        write_json(folder / RUN, {"run_id": record.run_id, "model_id": None, **trained})
        sync_folder(folder)


def _hand_over(model: str, finished: FinishedModel, run: LiveRun) -> None:
    """Complete the run, and put the model where DVC takes it from; a second time changes nothing."""
    folder = finished.folder
    run.files = files_in(folder)
    run.flush(at_once=True)
    write_record(run.record.model_copy(update={"status": FINISHED}), folder)  # with the id of a run that was made anew
    ids = {"run_id": run.record.run_id, "model_id": run.model_id}
    write_json(folder / RUN, {**read_json(folder / RUN), **ids})
    write_records([read_training(run.files).record], RECORDS / f"{model}.json")
    write_json(VALIDATION / f"{model}.json", {model: {"valid": validation(run.record)}})
    with replacing(SNAPSHOTS / f"{model}.npz") as beside:
        copyfile(_snapshots(finished, model), beside)
    finished.copy()


def _snapshots(finished: FinishedModel, model: str) -> Path:
    """Return where a run's snapshots are kept until DVC has them: in a folder, as the model is."""
    return finished.folder.with_name(SNAPSHOTS.name) / f"{model}.npz"
