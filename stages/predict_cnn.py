"""Let the CNN answer the test part, once, and the validation part; trace its layers on some test photos.

    python -m stages.predict_cnn

Reads   models/cnn/, data/resized/, data/splits.csv, reports/plan/cnn.json
Writes  data/predicted/cnn/ (answers.parquet, valid.parquet, trace.npz, features.npz)
"""

import numpy as np
import pandas as pd

from pixelproof import console
from pixelproof.data.images.parts import positions, read_splits
from pixelproof.data.images.store import ImageStore, in_batches
from pixelproof.evaluation.answers import answer_table
from pixelproof.explain.tracing.photos import choose_shown
from pixelproof.explain.tracing.trace import trace
from pixelproof.explain.tracing.traced import Trace, write_trace
from pixelproof.files import read_json, replacing
from pixelproof.network.cnn.saved.keras_setup import start_keras
from pixelproof.params.explain import Explain
from pixelproof.params.section import load_section
from pixelproof.paths import (
    ANSWERS,
    FEATURES,
    KERAS_MODEL,
    MODELS,
    PLAN,
    PREDICTED,
    RESIZED,
    SPLITS,
    TRACE,
    VALID_ANSWERS,
)

REFERENCE = 10_000  # training photos that others are compared with, at most


def evenly_spaced(count: int, most: int) -> np.ndarray:
    """Return `most` of `count` positions, or all of them; the store has its photos class by class."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int))


def main() -> None:
    params = load_section(Explain)
    start_keras("predict_cnn")
    from pixelproof.network.cnn.saved import saved
    from pixelproof.network.cnn.saved.features import features
    from pixelproof.network.cnn.saved.mirroring import without_flip_averaging

    store, splits = ImageStore.open(RESIZED), read_splits(SPLITS)
    model = saved.load(MODELS / "cnn" / KERAS_MODEL)
    saved.check_against_plan(model, read_json(PLAN / "cnn.json"))

    def answered(part: str) -> pd.DataFrame:
        own = positions(store.index, splits, part)
        probabilities = saved.predict(model, in_batches(store, own))
        return answer_table("cnn", probabilities, store.ids(own), store.labels[own], store.classes)

    def seen(part: str) -> np.ndarray:
        own = positions(store.index, splits, part)
        chosen = own[evenly_spaced(len(own), REFERENCE)] if part == "train" else own
        return features(model, in_batches(store, chosen))

    answers, valid = answered("test"), answered("valid")
    ids = choose_shown(answers, store.classes, params.photos)
    network = without_flip_averaging(model)
    layers = trace(network, store.named(ids))
    with replacing(PREDICTED / "cnn") as folder:
        folder.mkdir()
        answers.to_parquet(folder / ANSWERS, index=False)
        valid.to_parquet(folder / VALID_ANSWERS, index=False)
        np.savez(folder / FEATURES, train=seen("train"), valid=seen("valid"), test=seen("test"))
        write_trace(Trace(ids, layers, mirrored=network is not model), folder / TRACE)


if __name__ == "__main__":
    console.run(main)
