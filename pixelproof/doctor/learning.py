"""A short training of the CNN of params.yaml on generated images: does it learn at all on this machine?"""

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from pixelproof.doctor.finding import Finding, well, wrong
from pixelproof.doctor.keras_started import started
from pixelproof.errors import UserError
from pixelproof.network.plan.plan import class_count, image_shape
from pixelproof.params.cnn import Cnn
from pixelproof.params.whole import Params, load_params
from pixelproof.paths import INGEST_REPORT

if TYPE_CHECKING:
    from pixelproof.network.cnn.cnn import CnnLearner

EPOCHS, BATCHES, BATCH_SIZE = 2, 2, 8
CLASSES = 2  # while the photos are not ingested
NAME = "training"


def training() -> Iterator[Finding]:
    try:
        params = load_params()
    except UserError:
        yield well(NAME, "not tried: params.yaml has mistakes")
        return
    learner, images, labels = _learner(params), *_generated(params)
    before = [weights.copy() for weights in learner.weights()]
    losses = [
        learner.train_batch(images[batch], labels[batch])[0] for _ in range(EPOCHS) for batch in _batches(len(images))
    ]
    yield judged(losses, before, learner.weights())


def judged(losses: Sequence[float], before: Sequence[np.ndarray], after: Sequence[np.ndarray]) -> Finding:
    shown = ", ".join(f"{loss:.3g}" for loss in losses)
    if not all(map(math.isfinite, losses)):
        remedy = "Lower cnn.learning_rate in params.yaml, or leave cnn.precision out."
        return wrong(NAME, f"the loss of {EPOCHS} epochs on generated images is not finite: {shown}", remedy)
    if all(np.array_equal(old, new) for old, new in zip(before, after, strict=True)):
        remedy = "Raise cnn.learning_rate in params.yaml, or freeze fewer layers."
        return wrong(NAME, f"{len(losses)} steps on generated images have changed no weight", remedy)
    return well(NAME, f"{EPOCHS} epochs on generated images: loss {shown}")


def _learner(params: Params) -> "CnnLearner":
    started()
    from pixelproof.network.cnn.cnn import CnnLearner

    return CnnLearner(
        without_download(params.cnn),
        params.train.model_copy(update={"epochs": EPOCHS, "batch_size": BATCH_SIZE}),
        image_shape(params.resize),
        _classes(params),
        steps_per_epoch=BATCHES,
        label_counts=np.bincount(_labels(_classes(params)), minlength=_classes(params)).clip(1).tolist(),
        seed=params.seed,
    )


def without_download(cnn: Cnn) -> Cnn:
    """Return the network with random weights where a backbone would be downloaded or read."""
    if cnn.backbone is None:
        return cnn
    return cnn.model_copy(update={"backbone": cnn.backbone.model_copy(update={"weights": "none"})})


def _classes(params: Params) -> int:
    try:
        return class_count(params.ingest, INGEST_REPORT)
    except UserError:
        return CLASSES


def _generated(params: Params) -> tuple[np.ndarray, np.ndarray]:
    """Return noise as images, uint8 (n, height, width, channels), brighter for higher classes, and class numbers."""
    labels = _labels(_classes(params))
    noise = np.random.default_rng(params.seed).integers(0, 128, (len(labels), *image_shape(params.resize)))
    return (noise + 127 * labels[:, None, None, None] // labels.max(initial=1)).astype(np.uint8), labels


def _labels(classes: int) -> np.ndarray:
    return np.arange(BATCHES * BATCH_SIZE) % classes


def _batches(count: int) -> list[slice]:
    return [slice(start, start + BATCH_SIZE) for start in range(0, count, BATCH_SIZE)]
