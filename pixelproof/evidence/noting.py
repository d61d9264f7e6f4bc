"""Models that say how sure they are: `unsure: cat or dog`, `unlike your photos`.

The thresholds are those of `evaluate`, in reports/uncertainty.json, and hold for the very weights that it has seen: a
model from elsewhere, or one that was trained since, answers without a note and without a temperature.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from pixelproof.evaluation.uncertainty import Uncertainty
from pixelproof.evaluation.unlike import distances
from pixelproof.evidence.features import of_length_one
from pixelproof.files import read_json
from pixelproof.inference.classifier import Classifier, Network
from pixelproof.inference.models import find_model, open_folder
from pixelproof.paths import FEATURES, MLFLOW_MODEL, MODELS, PREDICTED, UNCERTAINTY

Sees = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]  # images to features (n, features), probabilities


def open_noting(name: str, program: str) -> Classifier:
    """Return the model that a person names, as `open_model` does; with notes where its thresholds are known."""
    folder = find_model(name)
    classifier = open_folder(folder, program)
    for model in ("cnn", "mlp"):
        if folder.resolve() == (MODELS / model / MLFLOW_MODEL).resolve():
            known = known_uncertainty(model)
            return noting(classifier, known, reference_features(model, known)) if known else classifier
    return classifier


def known_uncertainty(model: str) -> Uncertainty | None:
    """Return what `evaluate` has found of this project's `cnn` or `mlp`; None if that was of other weights."""
    if not UNCERTAINTY.is_file():
        return None
    known = Uncertainty.from_json(read_json(UNCERTAINTY)[model])
    return known if known.weights_sha256 == read_json(MODELS / model / "run.json")["weights_sha256"] else None


def reference_features(model: str, known: Uncertainty) -> np.ndarray | None:
    """Return the features of training photos, float32 (photos, features), of length 1; None: not those of the model."""
    path = PREDICTED / model / FEATURES
    if known.largest_distance is None or not path.is_file():
        return None
    with np.load(path) as parts:
        own = "weights_sha256" in parts and str(parts["weights_sha256"]) == known.weights_sha256
        return parts["train"].astype(np.float32) if own else None


def noting(classifier: Classifier, known: Uncertainty, reference: np.ndarray | None) -> Classifier:
    """Return a classifier whose answers have notes, and the temperature if `evaluate` has used it.

    reference  as `reference_features`; None: nothing is called unlike the training photos
    """
    network, classes = classifier.network, classifier.preprocessing.classes
    sees = None if reference is None else seeing(classifier.model)

    def note(images: np.ndarray) -> tuple[np.ndarray, list[str]]:
        if sees is None or reference is None:
            shares, far = known.probabilities(network(images)), [None] * len(images)
        else:
            features, own = sees(images)
            # Rounded as those of the training photos are, by which the threshold was found.
            far = distances(of_length_one(features).astype(np.float16), reference).tolist()
            shares = known.probabilities(own)
        return shares, [known.words(row, classes, away) for row, away in zip(shares, far, strict=True)]

    return replace(classifier, network=_at_temperature(network, known), noting=note)


def _at_temperature(network: Network, known: Uncertainty) -> Network:
    return lambda images: known.probabilities(network(images))


def seeing(model: Any) -> Sees:
    """Return what computes the features and the probabilities of a Keras model in one pass."""
    from pixelproof.evidence.graph import features_and_outputs, flips, mirrored
    from pixelproof.network.cnn.saved.saved import probabilities

    network, sides = flips(model)
    both = features_and_outputs(network)

    def sees(images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        seen = [both.predict_on_batch(mirrored(images) if flip else images) for flip in sides]
        features, outputs = (
            np.mean([np.asarray(own, np.float32) for own in each], axis=0) for each in zip(*seen, strict=True)
        )
        return features, probabilities(outputs)

    return sees
