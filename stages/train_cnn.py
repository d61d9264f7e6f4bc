"""Train the CNN of params.yaml.

    python -m stages.train_cnn

Reads   what stages.train reads, and reports/plan/cnn.json (which makes DVC see the layers' order)
Writes  models/cnn/ (model.keras, history.csv, run.json)
"""

import keras

from pixelproof import console
from pixelproof.data.store import Images
from pixelproof.network.cnn import CnnLearner
from pixelproof.params import load_params
from pixelproof.tracking import runs
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

    def log_model(images: Images) -> str:
        return runs.log_keras_model(learner.model, images, learner.model.predict_on_batch(images))

    libraries = ("grain", "keras", keras.backend.backend())
    train("cnn", learner, material, dict(params.cnn), params.train, log_model, seed=params.seed, libraries=libraries)


if __name__ == "__main__":
    console.run(main)
