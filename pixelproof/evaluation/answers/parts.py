"""A model's answers to a part of the photos, as they are and as corruptions leave them."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np
import pandas as pd

from pixelproof.data.images.parts import positions
from pixelproof.data.images.store import ImageStore, images_at_once, in_batches
from pixelproof.evaluation.answers.corruptions import answers_to_corrupted
from pixelproof.evaluation.answers.tables import answer_table

Predict = Callable[[Iterable[Any]], np.ndarray]  # batches (images, labels) to probabilities, float32 (n, classes)
CORRUPTED = 500  # test photos at most, each in 28 ways
SEED = 0  # the same for every experiment, so that the figures of two can be compared


def part_answers(model: str, predict: Predict, store: ImageStore, splits: pd.DataFrame, part: str) -> pd.DataFrame:
    """Return a row per image of a part, as `answer_table` has it."""
    own = positions(store.index, splits, part)
    probabilities = predict(in_batches(store, own))
    return answer_table(model, probabilities, store.ids(own), store.labels[own], store.classes)


def robustness_answers(predict: Predict, store: ImageStore, splits: pd.DataFrame) -> pd.DataFrame:
    """Return whether a model is right on up to CORRUPTED test images, untouched and corrupted; see `corruptions`."""
    test = positions(store.index, splits, "test")
    chosen = np.sort(np.random.default_rng(SEED).permutation(test)[:CORRUPTED])
    size = images_at_once(store.shape)

    def network(images: np.ndarray) -> np.ndarray:
        return predict((images[start : start + size], None) for start in range(0, len(images), size))

    return answers_to_corrupted(network, store.gather(chosen), store.labels[chosen], store.ids(chosen), seed=SEED)
