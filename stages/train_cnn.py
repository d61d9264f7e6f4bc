"""Train the CNN of params.yaml.

    python -m stages.train_cnn

Reads   what stages.train reads, and reports/plan/cnn.json (which makes DVC see the layers' order)
Writes  models/cnn/ (model.keras, history.csv, run.json, record.json, changes.diff, mlflow/), reports/valid/cnn.json,
        reports/records/cnn.json
"""

from functools import partial
from pathlib import Path

import keras

from pixelproof import console
from pixelproof.data.images.store import Images
from pixelproof.network.cnn.cnn import CnnLearner
from pixelproof.network.cnn.precision import resolve_precision
from pixelproof.params.cnn import Cnn
from pixelproof.params.section import load_section, load_seed
from pixelproof.params.train import Train
from pixelproof.tracking.run.models import save_keras_model
from pixelproof.training.training_data import TrainingData
from stages.train import one_at_a_time, train


def main() -> None:
    params, train_params, seed = load_section(Cnn), load_section(Train), load_seed()
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

    def save_for_mlflow(images: Images, saved: Path, folder: Path) -> None:
        outputs = learner.model.predict_on_batch(images)
        save_keras_model(learner.model, images, outputs, saved / "model.keras", folder)

    libraries = ("grain", "keras", keras.backend.backend())
    section = dict(params)
    if params.precision:
        section["precision"] = resolve_precision(params.precision)
    train("cnn", learner, data, section, train_params, save_for_mlflow, seed=seed, libraries=libraries)


if __name__ == "__main__":
    console.run(partial(one_at_a_time, "cnn", main))
