"""Train the CNN of params.yaml.

    python -m stages.train_cnn

Reads   what stages.train reads, and reports/plan/cnn.json (which makes DVC see the layers' order)
Writes  models/cnn/ (model.keras, history.csv, run.json, record.json, changes.diff, mlflow/)
"""

from pathlib import Path

import keras

from pixelproof import console
from pixelproof.data.store import Images
from pixelproof.network.cnn import CnnLearner
from pixelproof.network.precision import settled
from pixelproof.params import load_params
from pixelproof.tracking.models import save_keras_model
from stages.train import Material, train


def main() -> None:
    params = load_params()
    material = Material.read()
    learner = CnnLearner(
        params.cnn,
        params.train,
        material.shape,
        len(material.classes),
        steps_per_epoch=material.steps_per_epoch(params.train),
        label_counts=material.label_counts,
        seed=params.seed,
    )

    def save_for_mlflow(images: Images, saved: Path, folder: Path) -> None:
        outputs = learner.model.predict_on_batch(images)
        save_keras_model(learner.model, images, outputs, saved / "model.keras", folder)

    libraries = ("grain", "keras", keras.backend.backend())
    section = dict(params.cnn)
    if params.cnn.precision:
        section["precision"] = settled(params.cnn.precision)
    train("cnn", learner, material, section, params.train, save_for_mlflow, seed=params.seed, libraries=libraries)


if __name__ == "__main__":
    console.run(main)
