"""Train the CNN of params.yaml.

    python -m stages.train_cnn

Reads   what stages.train reads, and reports/plan/cnn.json (which makes DVC see the layers' order)
Writes  models/cnn/ (model.keras, history.csv, run.json, record.json, changes.diff, mlflow/)
"""

from pathlib import Path

import keras

from pixelproof import console
from pixelproof.data.store import Images
from pixelproof.network.cnn.cnn import CnnLearner
from pixelproof.network.cnn.precision import resolve_precision
from pixelproof.params import load_params
from pixelproof.tracking.run.models import save_keras_model
from pixelproof.training.training_data import TrainingData
from stages.train import train


def main() -> None:
    params = load_params()
    data = TrainingData.read()
    learner = CnnLearner(
        params.cnn,
        params.train,
        data.shape,
        len(data.classes),
        steps_per_epoch=data.steps_per_epoch(params.train),
        label_counts=data.label_counts,
        seed=params.seed,
    )

    def save_for_mlflow(images: Images, saved: Path, folder: Path) -> None:
        outputs = learner.model.predict_on_batch(images)
        save_keras_model(learner.model, images, outputs, saved / "model.keras", folder)

    libraries = ("grain", "keras", keras.backend.backend())
    section = dict(params.cnn)
    if params.cnn.precision:
        section["precision"] = resolve_precision(params.cnn.precision)
    train("cnn", learner, data, section, params.train, save_for_mlflow, seed=params.seed, libraries=libraries)


if __name__ == "__main__":
    console.run(main)
