"""Train the MLP of params.yaml on the CNN's very batches.

    python -m stages.train_mlp

Reads   what stages.train reads, and reports/plan/mlp.json
Writes  models/mlp/ (model.skops, history.csv, run.json)
"""

from math import prod

from pixelproof import console
from pixelproof.data.store import Images
from pixelproof.network.mlp import TRUSTED_TYPES, MlpLearner, flatten
from pixelproof.params import load_params
from pixelproof.tracking import runs
from stages.train import Material, train


def main() -> None:
    params = load_params()
    material = Material.read()
    features, classes = prod(material.shape), len(material.classes)
    steps = material.steps_per_epoch(params.train)
    learner = MlpLearner(params.mlp, params.train, features, classes, steps_per_epoch=steps, seed=params.seed)

    def log_model(images: Images) -> str:
        pixels = flatten(images)
        return runs.log_sklearn_model(learner.model, pixels, learner.model.predict_proba(pixels), TRUSTED_TYPES)

    libraries = ("grain", "scikit-learn")
    train("mlp", learner, material, dict(params.mlp), params.train, log_model, seed=params.seed, libraries=libraries)


if __name__ == "__main__":
    console.run(main)
