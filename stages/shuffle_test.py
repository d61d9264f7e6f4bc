"""Train both models on shuffled pixels too: what is left of the CNN's lead once neighbours are no neighbours?

    python -m stages.shuffle_test [SEED ...]

One fixed permutation of the pixels, the same for every image and part. Not a stage of dvc.yaml, since it trains four
times as much as those; run it after `make repro`. Without seeds it takes three, from `seed` of params.yaml on.

Reads   what stages.train reads, and the test part
Writes  reports/shuffle/ (trials.csv, summary.csv, leads.json, shuffle.png)
"""

import argparse
import logging
from collections.abc import Iterator
from dataclasses import replace
from math import prod
from pathlib import Path

import pandas as pd

from pixelproof import console
from pixelproof.data.shuffle import ShuffledStore, draw_order
from pixelproof.data.splits import positions, read_splits
from pixelproof.evidence.trials import Trial, accuracy_figure, lead, summarize
from pixelproof.files import replacing, write_json
from pixelproof.network.cnn import CnnLearner
from pixelproof.network.mlp import MlpLearner
from pixelproof.params import Params, load_params
from pixelproof.training.feed import plain_batches
from pixelproof.training.loop import State, fit
from stages.paths import SHUFFLE, SPLITS
from stages.train import VALID_BATCH, Material, SavedLearner


def learners(params: Params, material: Material, seed: int) -> Iterator[tuple[str, SavedLearner]]:
    classes = len(material.classes)
    yield "CNN", CnnLearner(params.cnn, material.shape, classes, seed=seed)
    yield "MLP", MlpLearner(params.mlp, prod(material.shape), classes, params.train.batch_size, seed=seed)


def run_trials(params: Params, material: Material, pixels: str, seed: int) -> Iterator[Trial]:
    """Train both models on a material; judge each on the test part."""
    test = positions(material.store.index, read_splits(SPLITS), "test")
    labels = material.store.labels[test]
    for model, learner in learners(params, material, seed):
        for _ in fit(
            learner,
            lambda epoch, start: material.training_batches(epoch, params.train, seed=seed, start=start),
            material.valid_batches,
            params.train,
            State(),
        ):
            pass
        batches = plain_batches(lambda chosen: material.store.gather(test[chosen]), labels, VALID_BATCH)
        trial = Trial(model, pixels, seed, learner.predict(batches).argmax(axis=1) == labels)
        logging.info("seed %d, pixels %s: %s %.4f", seed, pixels, model, trial.accuracy)
        yield trial


def write_results(trials: list[Trial], path: Path) -> None:
    summary = summarize(trials)
    leads = {
        pixels: dict(zip(("lead", "low", "high"), lead(trials, "CNN", "MLP", pixels), strict=True))
        for pixels in summary["pixels"].unique()
    }
    with replacing(path) as folder:
        folder.mkdir()
        table = [(trial.model, trial.pixels, trial.seed, trial.accuracy) for trial in trials]
        columns = ["model", "pixels", "seed", "accuracy"]
        pd.DataFrame(table, columns=columns).to_csv(folder / "trials.csv", index=False)
        summary.to_csv(folder / "summary.csv", index=False)
        write_json(folder / "leads.json", leads)
        images = len(trials[0].right)
        accuracy_figure(summary, f"{images} test images, {len(table) // 4} seeds").savefig(folder / "shuffle.png")


def main() -> None:
    params = load_params()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seeds", nargs="*", type=int, default=[params.seed + number for number in range(3)])
    seeds: list[int] = parser.parse_args().seeds
    material = Material.read()
    order = draw_order(material.shape, seed=params.seed)
    views = [ShuffledStore.of(view, order) for view in material.views]
    shuffled = replace(material, store=ShuffledStore.of(material.store, order), views=list(views))
    conditions = {"in place": material, "shuffled": shuffled}
    work = [(seed, pixels) for seed in seeds for pixels in conditions]
    trials: list[Trial] = []
    for seed, pixels in console.progress(work, "shuffle test", len(work)):
        trials += run_trials(params, conditions[pixels], pixels, seed)
    write_results(trials, SHUFFLE)


if __name__ == "__main__":
    console.run(main)
