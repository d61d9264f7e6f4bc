"""One training judged on the test part, which is what the experiments beside the pipeline repeat."""

import argparse
import logging

from pixelproof.data.splits import positions, read_splits
from pixelproof.errors import UserError
from pixelproof.evidence.trials import Trial
from pixelproof.params.training import Train
from pixelproof.training.feed import judged_batches
from pixelproof.training.loop import State, fit
from stages.paths import AUGMENTED, RESIZED, SPLITS
from stages.train import Material, SavedLearner


def asked_seeds(description: str | None, seed: int) -> list[int]:
    """Return the seeds of the command line; without any, the params' own and the two that follow it."""
    parser = argparse.ArgumentParser(description=description, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("seeds", nargs="*", type=int, default=[seed + number for number in range(3)])
    seeds: list[int] = parser.parse_args().seeds
    return seeds


def read_material() -> Material:
    """Return what the pipeline made. Raises UserError if it has not run yet."""
    missing = [path for path in (RESIZED, AUGMENTED, SPLITS) if not path.exists()]
    if missing:
        raise UserError(f"{missing[0]}: not there yet. Run `dvc repro augment` first.")
    return Material.read()


def run_trial(model: str, pixels: str, learner: SavedLearner, material: Material, params: Train, *, seed: int) -> Trial:
    """Train a learner on a material as `train` does, but keep nothing; judge it on the test part."""
    test = positions(material.store.index, read_splits(SPLITS), "test")
    epochs = fit(
        learner,
        lambda epoch, start: material.training_batches(epoch, params, seed=seed, start=start),
        material.valid_batches,
        params,
        State(),
    )
    for _ in epochs:
        pass
    answered = learner.predict(judged_batches(material.store, test)).argmax(axis=1)
    trial = Trial(model, pixels, seed, answered == material.store.labels[test])
    logging.info("seed %d, pixels %s: %s %.4f", seed, pixels, model, trial.accuracy)
    return trial
