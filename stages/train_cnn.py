"""Train the CNN of params.yaml.

    python -m stages.train_cnn

Reads   what stages.train reads, and reports/plan/cnn.json (which makes DVC see the layers' order)
Writes  models/cnn/ (mlflow/ with model.keras, history.csv, run.json, record.json, changes.diff),
        reports/valid/cnn.json, reports/records/cnn.json, data/snapshots/cnn.npz
"""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from pixelproof import console
from pixelproof.errors import UserError
from pixelproof.files import read_json
from pixelproof.network.cnn.saved.keras_setup import start_keras
from pixelproof.params.cnn import Cnn
from pixelproof.params.section import load_section, load_seed
from pixelproof.params.train import Train
from pixelproof.paths import PLAN
from pixelproof.tracking.run.models import save_keras_model
from pixelproof.training.training_data import TrainingData
from stages.train import one_at_a_time, train

if TYPE_CHECKING:
    from pixelproof.network.cnn.cnn import CnnLearner


def main() -> None:
    params, train_params, seed = load_section(Cnn), load_section(Train), load_seed()
    start_keras("train_cnn")
    import keras

    from pixelproof.network.cnn.cnn import CnnLearner
    from pixelproof.network.cnn.precision import resolve_precision

    data = TrainingData.read()
    learner = CnnLearner(
        params,
        train_params,
        data.shape,
        len(data.classes),
        steps_per_epoch=data.steps_per_epoch(train_params),
        label_counts=data.label_counts,
        seed=seed,
    )
    _check_against_plan(learner)

    def save_for_mlflow(saved: Path, folder: Path) -> None:
        save_keras_model(saved / "model.keras", data.preprocessing, folder)

    libraries = ("grain", "keras", keras.backend.backend())
    section = dict(params)
    if params.precision:
        section["precision"] = resolve_precision(params.precision)
    train("cnn", learner, data, section, train_params, save_for_mlflow, seed=seed, libraries=libraries)


def _check_against_plan(learner: "CnnLearner") -> None:
    """Raise UserError where the network is another one than the plan's: it would be trained for nothing."""
    from pixelproof.network.cnn.saved.saved import check_against_plan

    plan = PLAN / "cnn.json"
    try:
        check_against_plan(learner.model, read_json(plan))
    except AssertionError as difference:
        raise UserError(
            f"{plan}: {difference}. Run `dvc repro plan`, which plans the network of params.yaml."
        ) from None


if __name__ == "__main__":
    console.run(partial(one_at_a_time, "cnn", main))
