"""One training run evaluated on the test part, which the experiments outside the pipeline repeat."""

import argparse
import logging

from pixelproof.data.images.parts import positions, read_splits
from pixelproof.errors import UserError
from pixelproof.experiments.summary import Trial
from pixelproof.params.train import Train
from pixelproof.paths import AUGMENTED, RESIZED, SPLITS
from pixelproof.training.feed import evaluation_batches
from pixelproof.training.loop import SavedLearner, State, fit
from pixelproof.training.training_data import TrainingData


def parse_seeds(description: str | None, seed: int) -> list[int]:
    """Return the seeds given on the command line; by default the params' own and the two after it."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seeds", nargs="*", type=int, default=[seed + number for number in range(3)])
    seeds: list[int] = parser.parse_args().seeds
    return seeds


def read_training_data() -> TrainingData:
    """Return the pipeline's training data. Raises UserError if it has not run yet."""
    missing = [path for path in (RESIZED, AUGMENTED, SPLITS) if not path.exists()]
    if missing:
        raise UserError(f"{missing[0]}: does not exist yet. Run `dvc repro augment` first.")
    return TrainingData.read()


def run_trial(model: str, pixels: str, learner: SavedLearner, data: TrainingData, params: Train, *, seed: int) -> Trial:
    """Train a learner as `train` does, but keep nothing; evaluate it on the test part."""
    test = positions(data.store.index, read_splits(SPLITS), "test")
    epochs = fit(
        learner,
        lambda epoch, start: data.training_batches(epoch, params, seed=seed, start=start),
        data.valid_batches,
        params,
        State(),
    )
    for _ in epochs:
        pass
    answered = learner.predict(evaluation_batches(data.store, test)).argmax(axis=1)
    trial = Trial(model, pixels, seed, answered == data.store.labels[test])
    logging.info("seed %d, pixels %s: %s %.4f", seed, pixels, model, trial.accuracy)
    return trial
