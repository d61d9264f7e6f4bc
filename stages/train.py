"""What train@cnn and train@mlp share: the same batches, the same loop, one MLflow run each, the same files.

Reads   data/augmented/, data/resized/, data/splits.csv, reports/split.json
Writes  models/<model>/ (the model, history.csv, run.json, the record of the MLflow run); until then
        .work/train-<model>-*/
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from shutil import copyfile
from typing import Any
from uuid import uuid4

import pandas as pd

from pixelproof.data.images.store import Images
from pixelproof.files import read_json, replacing, write_json
from pixelproof.files.journal import fingerprint
from pixelproof.params.train import Train
from pixelproof.paths import MODELS, PLAN, WORK
from pixelproof.tracking.delivery.live import LiveRun, recording
from pixelproof.tracking.run.naming import experiment_name
from pixelproof.tracking.run.new_run import describe_new_run
from pixelproof.tracking.run.provenance import collect
from pixelproof.tracking.run.record import CHANGES, FINISHED, MODEL, files_in, flatten, now, points, write_record
from pixelproof.tracking.run.training_record import begun_record, curves, summary
from pixelproof.training import checkpoint
from pixelproof.training.failures import resource_errors_as_user_errors
from pixelproof.training.interruption import Interruption
from pixelproof.training.loop import Epoch, SavedLearner, State, best_epoch, stop_reason, weights_sha256
from pixelproof.training.session import Session
from pixelproof.training.training_data import TrainingData, identity


def train(
    model: str,
    learner: SavedLearner,
    data: TrainingData,
    section: Mapping[str, Any],
    params: Train,
    save_for_mlflow: Callable[[Images, Path, Path], None],
    *,
    seed: int,
    libraries: Sequence[str],
) -> None:
    """Train a model, or go on where a run was stopped; log it to one MLflow run and keep it in models/<model>/.

    `section` holds the model's own params, for the record; `save_for_mlflow` saves the trained model, which lies in the
    first folder, with some example images (n, height, width, channels) in the second one, which it makes; other
    versions of `libraries` may give other weights. Raises Interrupted after SIGINT or SIGTERM, UserError where disk or
    memory is full or the loss is not finite.
    """
    logged = flatten({"seed": seed, model: section, "train": params, **data.made_with})
    path = checkpoint.place(WORK, model, fingerprint(logged, identity(), libraries=libraries))
    found = checkpoint.read(path)
    state = found.state if found else State()
    described = describe_new_run(model)
    if found and state.has_begun:
        learner.load_state(found.learner)
    with resource_errors_as_user_errors(path.parent), Interruption() as interruption:
        origin = collect()
        origin.write_changes(path.with_name(CHANGES))
        record = begun_record(
            described,
            logged,
            origin,
            data.store,
            run_id=found.run_id if found else uuid4().hex,
            experiment=experiment_name(params.experiment),
            started=found.started if found else now(),
        )
        with recording(record, {CHANGES: path.with_name(CHANGES)}, resumed=found is not None) as run:
            keeper = checkpoint.Keeper(path, record.run_id, learner, params.checkpoint_minutes, record.started)
            keeper.save(state)  # a kill from now on is followed by work in this very run
            run.add(curves(map(asdict, state.history)))
            session = Session(f"train {model}", learner, params, len(data.labels), keeper, partial(_log, run))
            session.run(
                lambda epoch, start: data.training_batches(epoch, params, seed=seed, start=start),
                data.valid_batches,
                state,
                interruption,
            )
            examples = data.store.gather(data.valid[:4])
            _keep(model, learner, params, state, run, partial(save_for_mlflow, examples))
            interruption.check()  # else DVC would go on with the next stage
    checkpoint.discard(path)


def _log(run: LiveRun, epoch: Epoch) -> None:
    run.add(curves([asdict(epoch)]))


def _keep(
    model: str,
    learner: SavedLearner,
    params: Train,
    state: State,
    run: LiveRun,
    save_for_mlflow: Callable[[Path, Path], None],
) -> None:
    """Write models/<model>/ and complete the run; what a run that was killed here had begun is made anew."""
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
    with replacing(MODELS / model) as folder:
        folder.mkdir()
        learner.save(folder)
        metrics["model/size_bytes"] = sum(path.stat().st_size for path in files_in(folder).values())
        save_for_mlflow(folder, folder / MODEL)
        pd.DataFrame(state.history).to_csv(folder / "history.csv", index=False)
        copyfile(run.files[CHANGES], folder / CHANGES)
        record.metrics += points(metrics, step=0, timestamp=state.history[-1].ended)
        record.tags |= {"weights_sha256": weights, "ended": str(stop_reason(state, params))}
        record.model, record.ended = model, now()
        write_record(record.model_copy(update={"status": FINISHED}), folder)
        run.files = files_in(folder)
        run.flush(at_once=True)
        write_json(folder / "run.json", {"run_id": record.run_id, "model_id": run.model_id, **trained})
    run.files = files_in(MODELS / model)
