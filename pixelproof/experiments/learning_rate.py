"""The learning-rate range test: at which rates does a network learn? (Smith 2015, arXiv:1506.01186)."""

from collections.abc import Iterator, Sequence
from itertools import count
from math import isfinite, prod
from pathlib import Path
from typing import Literal, NamedTuple, Protocol

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from scipy.ndimage import gaussian_filter1d

from pixelproof.data.images.store import Images, ImageStore, open_views
from pixelproof.errors import UserError
from pixelproof.experiments.trial import read_training_data
from pixelproof.files import replacing
from pixelproof.network.cnn.saved.keras_setup import start_keras
from pixelproof.network.rates import Rate
from pixelproof.params.whole import Params
from pixelproof.paths import AUGMENTED
from pixelproof.training.feed import Batch, Labels, training_batches

Model = Literal["cnn", "mlp"]
MEAN_DECAY = 0.9  # of the running mean of the loss, which decides when to stop
DIVERGED = 4  # times the lowest running mean; Smith stops by eye
SMOOTHING = 0.02  # of all steps: standard deviation of the Gaussian that smooths the loss, centred and so without lag
MIN_STEPS = 10  # that a suggestion needs


class RateLearner(Protocol):
    """A learner whose learning rate can be set from outside."""

    rate: Rate

    def train_batch(self, images: Images, labels: Labels) -> tuple[float, float]: ...


class RangeTestStep(NamedTuple):
    """A step of the range test, with the loss of its batch before the step."""

    learning_rate: float
    loss: float


def exponential_rates(low: float, high: float, steps: int) -> Rate:
    """Return rates that grow by the same factor at each step, from `low` to `high`."""
    return lambda step: low * (high / low) ** (step / (steps - 1))


def run_test(learner: RateLearner, batches: Iterator[Batch], rate: Rate, steps: int) -> Iterator[RangeTestStep]:
    """Yield a point per step until the loss diverges or the steps run out. The learner is of no use afterwards.

    The loss has diverged if it is not finite or its running mean is four times its lowest value so far.
    """
    learner.rate = rate
    mean = lowest = float("inf")
    for step, batch in zip(range(steps), batches, strict=False):
        loss, _ = learner.train_batch(batch.images, batch.labels)
        if not isfinite(loss):
            return
        yield RangeTestStep(rate(step), loss)
        mean = loss if step == 0 else MEAN_DECAY * mean + (1 - MEAN_DECAY) * loss
        lowest = min(lowest, mean)
        if mean > DIVERGED * lowest:
            return


def as_table(points: Sequence[RangeTestStep], steps: int) -> pd.DataFrame:
    """Return a row per step: learning_rate, loss, smoothed_loss."""
    table = pd.DataFrame(points, columns=["learning_rate", "loss"], dtype=float)
    return table.assign(smoothed_loss=gaussian_filter1d(table["loss"], max(SMOOTHING * steps, 1), mode="nearest"))


def suggest(table: pd.DataFrame) -> float:
    """Return the rate at which the smoothed loss falls most steeply over the logarithm of the rate.

    Raises UserError if it never falls.
    """
    smoothed, rates = table["smoothed_loss"].to_numpy(), table["learning_rate"].to_numpy()
    until = int(smoothed.argmin()) + 1 if len(table) else 0
    if len(table) < MIN_STEPS or until < MIN_STEPS / 2:
        raise UserError(
            f"find-lr: the loss did not fall for long enough in {len(table)} steps to suggest a rate. "
            "Expected a fall and then a rise: set a lower --low, or more --steps."
        )
    slopes = np.gradient(smoothed[:until], np.log(rates[:until]))
    return float(rates[slopes.argmin()])


def draw(table: pd.DataFrame, suggestion: float, model: Model) -> Figure:
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.subplots()
    axes.plot(table["learning_rate"], table["loss"], color="0.75", label="loss of each batch")
    axes.plot(table["learning_rate"], table["smoothed_loss"], color="#0072b2", label="smoothed")
    axes.axvline(suggestion, color="#d55e00", linestyle="--", label=f"steepest fall: {suggestion:.2g}")
    axes.set(xscale="log", xlabel="learning rate", ylabel="training loss", title=f"{model}: learning-rate range test")
    axes.legend()
    return figure


def write_results(table: pd.DataFrame, figure: Figure, folder: Path) -> None:
    """Write curve.csv and find-lr.png to `folder`, replacing its content."""
    with replacing(folder) as beside:
        beside.mkdir()
        table.to_csv(beside / "curve.csv", index_label="step")
        figure.savefig(beside / "find-lr.png", dpi=120)


def stored_views(model: Model, params: Params) -> list[ImageStore]:
    """Return what the model trains on, an image store per view. Raises UserError where nothing is stored yet."""
    if model == "mlp" and params.mlp.augment is False:
        return read_training_data().for_recipe(params.mlp.augment).views
    views = open_views(AUGMENTED)
    if not views:
        remedy = "Set augment.views to 1 or more" if AUGMENTED.exists() else "Run `dvc repro augment` first"
        raise UserError(f"{AUGMENTED}: no stored views to train on. {remedy}.")
    return views


def endless_batches(views: Sequence[ImageStore], params: Params) -> Iterator[Batch]:
    """Yield the batches of a training run, epoch after epoch."""
    for epoch in count():
        view = views[epoch % len(views)]
        yield from training_batches(view.gather, view.labels, params.train.batch_size, seed=params.seed, epoch=epoch)


def make_learner(model: Model, params: Params, view: ImageStore) -> RateLearner:
    """Return the untrained model of params.yaml with its whole recipe; `view` holds each training image once."""
    classes, seed = len(view.classes), params.seed
    if model == "mlp":
        from pixelproof.network.mlp.mlp import MlpLearner

        return MlpLearner(params.mlp, params.train, prod(view.shape), classes, steps_per_epoch=1, seed=seed)
    start_keras("find-lr")
    from pixelproof.network.cnn.cnn import CnnLearner

    counts = np.bincount(view.labels, minlength=classes).tolist()
    return CnnLearner(params.cnn, params.train, view.shape, classes, steps_per_epoch=1, label_counts=counts, seed=seed)
