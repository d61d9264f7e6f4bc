"""Train MLPs of several sizes beside the CNN, one of them with as many parameters: what does a parameter buy?

    python -m stages.baselines [SEED ...]

With shares in the section `baselines` of params.yaml it also trains both models on fewer photos: would more help? Not
a stage of dvc.yaml, since it trains many times as much as those; run it after `make repro`. Without seeds it takes
three, from `seed` of params.yaml on; photos, views, batches and the section `train` are those of params.yaml, too.

Reads   what stages.train reads, and the test part
Writes  reports/experiments/baselines/ (trials.csv, baselines.csv, baselines.png; learning_curve.csv and .png)
"""

import tempfile
import time
from collections.abc import Iterator, Sequence
from math import prod
from pathlib import Path
from typing import Any

from pixelproof import console
from pixelproof.errors import UserError
from pixelproof.experiments.bought import Bought, bought_figure, bought_table, curve_figure, curve_table, trials_table
from pixelproof.experiments.candidates import Candidate, candidates
from pixelproof.experiments.learning_curve import with_share
from pixelproof.experiments.trial import parse_seeds, read_training_data, run_trial
from pixelproof.files import replacing
from pixelproof.network.cnn.saved.keras_setup import start_keras
from pixelproof.params.baselines import Baselines
from pixelproof.params.section import PARAMS
from pixelproof.params.train import Train
from pixelproof.params.whole import Params, load_params
from pixelproof.paths import BASELINES
from pixelproof.training.loop import SavedLearner
from pixelproof.training.training_data import TrainingData


def make_learner(candidate: Candidate, params: Params, train: Train, data: TrainingData, *, seed: int) -> SavedLearner:
    steps, classes = data.steps_per_epoch(train), len(data.classes)
    if candidate.mlp:
        from pixelproof.network.mlp.mlp import MlpLearner

        return MlpLearner(candidate.mlp, train, prod(data.shape), classes, steps_per_epoch=steps, seed=seed)
    from pixelproof.network.cnn.cnn import CnnLearner

    counts = data.label_counts
    return CnnLearner(params.cnn, train, data.shape, classes, steps_per_epoch=steps, label_counts=counts, seed=seed)


def buy(candidate: Candidate, params: Params, data: TrainingData, *, seed: int, share: float = 1.0) -> Bought:
    """Train a candidate; return what it costs, and what it got for that."""
    train = candidate.mlp.own(params.train) if candidate.mlp else params.train
    learner = make_learner(candidate, params, train, data, seed=seed)
    started = time.perf_counter()
    trial = run_trial(candidate.name, "in place", learner, data, train, seed=seed)
    seconds = time.perf_counter() - started
    return Bought(
        candidate.name,
        seed,
        share,
        len(data.labels),
        candidate.plan.parameters,
        candidate.plan.multiply_adds,
        seconds,
        saved_bytes(learner),
        trial.right,
    )


def saved_bytes(learner: SavedLearner) -> int:
    with tempfile.TemporaryDirectory() as folder:
        learner.save(Path(folder))
        return sum(path.stat().st_size for path in Path(folder).iterdir())


def work(
    params: Params, baselines: Baselines, data: TrainingData, seeds: Sequence[int]
) -> list[tuple[Candidate, int, float]]:
    """Return what to train: every candidate on all photos, and the two models of params.yaml on each share."""
    every = candidates(params, baselines.widths, data.shape, len(data.classes))
    shares = [share for share in sorted(baselines.shares) if share < 1]
    return [
        (candidate, seed, share)
        for seed in seeds
        for share in (*shares, 1.0)
        for candidate in (every if share == 1 else every[:2])
    ]


def write_results(results: Sequence[Bought], shares: Sequence[float], *, seed: int) -> None:
    with replacing(BASELINES) as folder:
        folder.mkdir()
        trials_table(results).to_csv(folder / "trials.csv", index=False)
        whole = [bought for bought in results if bought.share == 1]
        table = bought_table(whole)
        table.to_csv(folder / "baselines.csv", index=False)
        bought_figure(table).savefig(folder / "baselines.png", dpi=120)
        if shares:
            both = [bought for bought in results if bought.name in {result.name for result in results[:2]}]
            curve = curve_table(both, seed=seed)
            curve.to_csv(folder / "learning_curve.csv", index=False)
            curve_figure(curve).savefig(folder / "learning_curve.png", dpi=120)


def trained(params: Params, planned: Sequence[Any], data: TrainingData) -> Iterator[Bought]:
    for candidate, seed, share in planned:
        own = data.for_recipe(candidate.mlp.augment) if candidate.mlp else data
        fewer = own if share == 1 else with_share(own, share, seed=seed)
        yield buy(candidate, params, fewer, seed=seed, share=share)


def main() -> None:
    params = load_params()
    if params.baselines is None:
        example = "baselines: {widths: [10, 100], shares: []}"
        raise UserError(f"{PARAMS}: there is no section baselines. Add it, for example {example}.")
    seeds = parse_seeds(__doc__, params.seed)
    data = read_training_data()
    planned = work(params, params.baselines, data, seeds)
    start_keras("baselines")
    results = list(console.progress(trained(params, planned, data), "baselines", len(planned)))
    write_results(results, params.baselines.shares, seed=params.seed)


if __name__ == "__main__":
    console.run(main)
