"""Train both models on shuffled pixels too: what is left of the CNN's lead once neighbours are no neighbours?

    python -m stages.shuffle_test [SEED ...]

One fixed permutation of the pixels, the same for every image and part. Not a stage of dvc.yaml, since it trains four
times as much as those; run it after `make repro`. Without seeds it takes three, from `seed` of params.yaml on.

Reads   what stages.train reads, and the test part
Writes  reports/shuffle/ (trials.csv, summary.csv, leads.json, shuffle.png)
"""

from collections.abc import Iterator
from dataclasses import replace
from math import prod
from pathlib import Path

from pixelproof import console
from pixelproof.data.shuffle import ShuffledStore, ShuffledViews, draw_order
from pixelproof.evidence.trials import Trial, accuracy_figure, lead, summarize, table
from pixelproof.files import replacing, write_json
from pixelproof.network.cnn import CnnLearner
from pixelproof.network.mlp import MlpLearner
from pixelproof.params import Params, load_params
from stages.paths import SHUFFLE
from stages.train import Material, SavedLearner
from stages.trials import asked_seeds, read_material, run_trial


def learners(params: Params, material: Material, seed: int) -> Iterator[tuple[str, SavedLearner]]:
    classes, train, shape = len(material.classes), params.train, material.shape
    steps, counts = material.steps_per_epoch(train), material.label_counts
    yield "CNN", CnnLearner(params.cnn, train, shape, classes, steps_per_epoch=steps, label_counts=counts, seed=seed)
    yield "MLP", MlpLearner(params.mlp, train, prod(shape), classes, steps_per_epoch=steps, seed=seed)


def run_trials(params: Params, material: Material, pixels: str, seed: int) -> Iterator[Trial]:
    """Train both models on a material; judge each on the test part."""
    for model, learner in learners(params, material, seed):
        yield run_trial(model, pixels, learner, material, params.train, seed=seed)


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
    seeds = asked_seeds(__doc__, params.seed)
    material = read_material()
    order = draw_order(material.shape, seed=params.seed)
    views = [ShuffledStore.of(view, order) for view in material.views]
    fresh = material.fresh and ShuffledViews.of(material.fresh, order)
    shuffled = replace(material, store=ShuffledStore.of(material.store, order), views=list(views), fresh=fresh)
    conditions = {"in place": material, "shuffled": shuffled}
    work = [(seed, pixels) for seed in seeds for pixels in conditions]
    trials: list[Trial] = []
    for seed, pixels in console.progress(work, "shuffle test", len(work)):
        trials += run_trials(params, conditions[pixels], pixels, seed)
    write_results(trials, SHUFFLE)


if __name__ == "__main__":
    console.run(main)
