"""Train the MLP of params.yaml on the CNN's very batches.

    python -m stages.train_mlp

Reads   what stages.train reads, and reports/plan/mlp.json
Writes  models/mlp/ (model.skops, history.csv, run.json, record.json, changes.diff, mlflow/)
"""

from math import prod
from pathlib import Path

from pixelproof import console
from pixelproof.data.store import Images
from pixelproof.network.mlp.mlp import TRUSTED_TYPES, MlpLearner, flatten
from pixelproof.params import load_params
from pixelproof.tracking.run.models import save_sklearn_model
from pixelproof.training.training_data import TrainingData
from stages.train import train


def main() -> None:
    params = load_params()
    data = TrainingData.read()
    features, classes = prod(data.shape), len(data.classes)
    steps = data.steps_per_epoch(params.train)
    learner = MlpLearner(params.mlp, params.train, features, classes, steps_per_epoch=steps, seed=params.seed)

    def save_for_mlflow(images: Images, saved: Path, folder: Path) -> None:
        pixels = flatten(images)
        outputs = learner.model.predict_proba(pixels)
        save_sklearn_model(learner.model, pixels, outputs, TRUSTED_TYPES, saved / "model.skops", folder)

    libraries = ("grain", "scikit-learn")
    section = dict(params.mlp)
    train("mlp", learner, data, section, params.train, save_for_mlflow, seed=params.seed, libraries=libraries)


if __name__ == "__main__":
    console.run(main)
