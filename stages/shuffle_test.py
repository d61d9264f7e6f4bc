"""Train both models on shuffled pixels too: what is left of the CNN's lead once neighbours are no neighbours?

    python -m stages.shuffle_test [SEED ...]

One fixed permutation of the pixels, the same for every image and part. Not a stage of dvc.yaml, since it trains four
times as much as those; run it after `make repro`. Without seeds it takes three, from `seed` of params.yaml on.

Reads   what stages.train reads, and the test part
Writes  reports/experiments/shuffle/ (trials.csv, summary.csv, leads.json, shuffle.png)
"""

from collections.abc import Iterator
from dataclasses import replace
from math import prod
from pathlib import Path

from pixelproof import console
from pixelproof.experiments.shuffle import ShuffledStore, ShuffledViews, draw_order
from pixelproof.experiments.summary import Trial, accuracy_figure, lead, summarize, table
from pixelproof.experiments.trial import parse_seeds, read_training_data, run_trial
from pixelproof.files import replacing, write_json
from pixelproof.network.cnn.saved.keras_setup import start_keras
from pixelproof.network.mlp.mlp import MlpLearner
from pixelproof.params.train import Train
from pixelproof.params.whole import Params, load_params
from pixelproof.paths import SHUFFLE
from pixelproof.training.loop import SavedLearner
from pixelproof.training.training_data import TrainingData


def learners(params: Params, data: TrainingData, seed: int) -> Iterator[tuple[str, Train, SavedLearner]]:
    from pixelproof.network.cnn.cnn import CnnLearner  # after `start_keras`

    classes, train, shape = len(data.classes), params.train, data.shape
    steps, counts = data.steps_per_epoch(train), data.label_counts
    cnn = CnnLearner(params.cnn, train, shape, classes, steps_per_epoch=steps, label_counts=counts, seed=seed)
    yield "CNN", train, cnn
    train = params.mlp.own(train)
    yield "MLP", train, MlpLearner(params.mlp, train, prod(shape), classes, steps_per_epoch=steps, seed=seed)


def run_trials(params: Params, data: TrainingData, pixels: str, seed: int) -> Iterator[Trial]:
    """Train both models on the data; judge each on the test part."""
    for model, train, learner in learners(params, data, seed):
        own = data.for_recipe(params.mlp.augment) if model == "MLP" else data
        yield run_trial(model, pixels, learner, own, train, seed=seed)


def write_results(trials: list[Trial], path: Path) -> None:
    summary = summarize(trials)
    leads = {
        pixels: dict(zip(("lead", "low", "high"), lead(trials, "CNN", "MLP", pixels), strict=True))
        for pixels in summary["pixels"].unique()
    }
    with replacing(path) as folder:
        folder.mkdir()
        table(trials).to_csv(folder / "trials.csv", index=False)
        summary.to_csv(folder / "summary.csv", index=False)
        write_json(folder / "leads.json", leads)
        images = len(trials[0].right)
        accuracy_figure(summary, f"{images} test images, {len(trials) // 4} seeds").savefig(folder / "shuffle.png")


def main() -> None:
    params = load_params()
    seeds = parse_seeds(__doc__, params.seed)
    data = read_training_data()
    order = draw_order(data.shape, seed=params.seed)
    views = [ShuffledStore.of(view, order) for view in data.views]
    fresh = data.fresh and ShuffledViews.of(data.fresh, order)
    shuffled = replace(data, store=ShuffledStore.of(data.store, order), views=list(views), fresh=fresh)
    conditions = {"in place": data, "shuffled": shuffled}
    work = [(seed, pixels) for seed in seeds for pixels in conditions]
    start_keras("shuffle_test")
    trials: list[Trial] = []
    for seed, pixels in console.progress(work, "shuffle test", len(work)):
        trials += run_trials(params, conditions[pixels], pixels, seed)
    write_results(trials, SHUFFLE)


if __name__ == "__main__":
    console.run(main)
