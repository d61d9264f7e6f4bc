"""Train the MLP of params.yaml on the CNN's batches, or, with `mlp.augment: false`, on the images themselves.

    python -m stages.train_mlp

Reads   what stages.train reads, and reports/plan/mlp.json
Writes  models/mlp/ (mlflow/ with model.skops, history.csv, run.json, record.json, changes.diff),
        reports/valid/mlp.json, reports/records/mlp.json
"""

from functools import partial
from math import prod
from pathlib import Path

from pixelproof import console
from pixelproof.network.mlp.mlp import MlpLearner
from pixelproof.params.mlp import Mlp
from pixelproof.params.section import load_section, load_seed
from pixelproof.params.train import Train
from pixelproof.tracking.run.models import save_sklearn_model
from pixelproof.training.training_data import TrainingData
from stages.train import one_at_a_time, train


def main() -> None:
    params, seed = load_section(Mlp), load_seed()
    train_params = params.own(load_section(Train))
    data = TrainingData.read().for_recipe(params.augment)
    features, classes = prod(data.shape), len(data.classes)
    steps = data.steps_per_epoch(train_params)
    learner = MlpLearner(params, train_params, features, classes, steps_per_epoch=steps, seed=seed)

    def save_for_mlflow(saved: Path, folder: Path) -> None:
        save_sklearn_model(learner.trained(), saved / "model.skops", data.preprocessing, folder)

    libraries = ("grain", "scikit-learn")
    section = dict(params)
    train("mlp", learner, data, section, train_params, save_for_mlflow, seed=seed, libraries=libraries)


if __name__ == "__main__":
    console.run(partial(one_at_a_time, "mlp", main))
