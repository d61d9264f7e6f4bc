"""What a network's last hidden layer makes of images: where two are close, it sees them alike."""

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

Features = Callable[[np.ndarray], np.ndarray]  # uint8 images (n, height, width, channels) to (n, features) float32


def _logistic(sums: np.ndarray) -> np.ndarray:
    from scipy.special import expit  # which a model that is no such MLP does not wait for

    activations: np.ndarray = expit(sums)
    return activations


ACTIVATIONS: dict[str, Callable[[np.ndarray], np.ndarray]] = {  # those of scikit-learn's MLPClassifier
    "identity": lambda sums: sums,
    "logistic": _logistic,
    "tanh": np.tanh,
    "relu": lambda sums: np.maximum(sums, 0),
}


def features_of(model: Any) -> tuple[Features, list[np.ndarray]]:
    """Return the features of a Keras model or a scikit-learn pipeline, and the weights that decide them.

    Without a hidden layer they are what the output layer takes. Of a model that averages over mirror images they are
    the mean of both.
    """
    return _of_mlp(model) if hasattr(model, "named_steps") else _of_cnn(model)


def _of_mlp(pipeline: Any) -> tuple[Features, list[np.ndarray]]:
    from pixelproof.network.mlp.saved import flatten

    network = pipeline["mlp"]
    activation = ACTIVATIONS[network.activation]
    layers = list(zip(network.coefs_, network.intercepts_, strict=True))[:-1]

    def features(images: np.ndarray) -> np.ndarray:
        values = pipeline["scale"].transform(flatten(images))
        for weights, bias in layers:
            values = activation(values @ weights + bias)
        return np.asarray(values, np.float32)

    return features, [array for layer in layers for array in layer]


def _of_cnn(model: Any) -> tuple[Features, list[np.ndarray]]:
    from pixelproof.evidence.graph import features_model, flips, mirrored

    network, sides = flips(model)
    without_output = features_model(network)

    def features(images: np.ndarray) -> np.ndarray:
        seen = [without_output.predict_on_batch(mirrored(images) if flip else images) for flip in sides]
        mean: np.ndarray = np.mean([np.asarray(each, np.float32) for each in seen], axis=0)
        return mean

    return features, without_output.get_weights()


def directions(features: Features, batches: Iterable[Any]) -> np.ndarray:
    """Return the features of batches (images, ...) as float16 (n, features) of length 1, in their order."""
    return np.concatenate([of_length_one(features(images)).astype(np.float16) for images, *_ in batches])


def of_length_one(features: np.ndarray) -> np.ndarray:
    """Return features with a length of 1, so that a product of two is the cosine; those of length 0 stay 0.

    Photos that look alike to a network point in one direction; the length says how much contrast they have.
    """
    lengths = np.linalg.norm(features, axis=1, keepdims=True)
    scaled: np.ndarray = features / np.maximum(lengths, np.finfo(np.float32).tiny)
    return scaled
