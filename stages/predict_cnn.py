"""Let the CNN answer the test part, once, and the validation part; show its mistakes, and its layers on some photos.

    python -m stages.predict_cnn

Reads   models/cnn/, data/snapshots/cnn.npz (where there is one), data/resized/, data/splits.csv, reports/plan/cnn.json
Writes  data/predicted/cnn/ (answers.parquet, valid.parquet, robustness.parquet, features.npz, trace.npz,
        excited.npz, learned.npz, mistakes.png)
"""

from functools import partial

import numpy as np

from pixelproof import console
from pixelproof.data.images.parts import positions, read_splits
from pixelproof.data.images.store import ImageStore, in_batches
from pixelproof.evaluation.answers.parts import part_answers, robustness_answers
from pixelproof.evidence.features import directions, features_of
from pixelproof.evidence.mistakes import write_mistakes
from pixelproof.evidence.neighbours import TrainingPhotos
from pixelproof.evidence.witness import Witness
from pixelproof.explain.tracing.excited import excited, write_excited
from pixelproof.explain.tracing.learned import learned, write_learned
from pixelproof.explain.tracing.photos import choose_shown
from pixelproof.explain.tracing.trace import trace
from pixelproof.explain.tracing.traced import Trace, write_trace
from pixelproof.files import read_json, replacing
from pixelproof.inference.classifier import Classifier
from pixelproof.inference.preprocessing import Preprocessing
from pixelproof.network.cnn.saved.keras_setup import start_keras
from pixelproof.params.explain import Explain
from pixelproof.params.section import load_section
from pixelproof.paths import (
    ANSWERS,
    EXCITED,
    FEATURES,
    KERAS_MODEL,
    LEARNED,
    MISTAKES,
    MLFLOW_MODEL,
    MODELS,
    PLAN,
    PREDICTED,
    RESIZED,
    ROBUSTNESS_ANSWERS,
    SNAPSHOTS,
    SPLITS,
    TRACE,
    VALID_ANSWERS,
)
from pixelproof.training.snapshots import read_snapshots

REFERENCE = 10_000  # photos of a part, at most, that others are compared with, or that excite maps


def evenly_spaced(count: int, most: int) -> np.ndarray:
    """Return `most` of `count` positions, or all of them; the store has its photos class by class."""
    return np.unique(np.linspace(0, count - 1, min(count, most)).round().astype(int))


def main() -> None:
    params = load_section(Explain)
    start_keras("predict_cnn")
    from pixelproof.network.cnn.saved import saved
    from pixelproof.network.cnn.saved.mirroring import without_flip_averaging

    store, splits = ImageStore.open(RESIZED), read_splits(SPLITS)
    model = saved.load(MODELS / "cnn" / KERAS_MODEL)
    saved.check_against_plan(model, read_json(PLAN / "cnn.json"))
    predict, (features, _) = partial(saved.predict, model), features_of(model)
    parts = {part: positions(store.index, splits, part) for part in ("train", "valid", "test")}
    parts["train"] = parts["train"][evenly_spaced(len(parts["train"]), REFERENCE)]
    seen = {part: directions(features, in_batches(store, own)) for part, own in parts.items()}
    classifier = Classifier(
        Preprocessing.load(MODELS / "cnn" / MLFLOW_MODEL), lambda images: predict([(images, None)]), model
    )
    witness = Witness(classifier, TrainingPhotos(store, parts["train"], features, seen["train"]))
    answers = part_answers("cnn", predict, store, splits, "test")
    ids = choose_shown(answers, store.classes, params.photos)
    network = without_flip_averaging(model)
    layers = trace(network, store.named(ids))
    test = parts["test"][evenly_spaced(len(parts["test"]), REFERENCE)]
    found = [layer.of_store(test) for layer in excited(network, in_batches(store, test), len(store.classes))]
    weights = read_json(MODELS / "cnn/run.json")["weights_sha256"]
    with replacing(PREDICTED / "cnn") as folder:
        folder.mkdir()
        answers.to_parquet(folder / ANSWERS, index=False)
        part_answers("cnn", predict, store, splits, "valid").to_parquet(folder / VALID_ANSWERS, index=False)
        robustness_answers(predict, store, splits).to_parquet(folder / ROBUSTNESS_ANSWERS, index=False)
        np.savez(folder / FEATURES, train=seen["train"], valid=seen["valid"], test=seen["test"], weights_sha256=weights)
        write_mistakes(answers, store, witness, folder / MISTAKES)
        write_learned(learned(network, read_snapshots(SNAPSHOTS / "cnn.npz")), folder / LEARNED)
        write_excited(found, folder / EXCITED)
        write_trace(Trace(ids, layers, mirrored=network is not model), folder / TRACE)


if __name__ == "__main__":
    console.run(main)
