"""What a saved CNN makes of a photo just before it answers: the input of its last layer."""

from collections.abc import Iterable
from typing import Any

import keras
import numpy as np

from pixelproof.network.cnn.saved.mirroring import without_flip_averaging


def features(model: keras.Model, batches: Iterable[Any]) -> np.ndarray:
    """Return (n, features) float16 of length 1 (0 where all are 0), in the batches' order.

    Photos that look alike to the network point in one direction; the length says how much contrast they have.
    """
    network = without_flip_averaging(model)
    tapped = keras.Model(network.inputs, network.layers[-1].input)
    flat = [np.asarray(tapped.predict_on_batch(images), np.float32).reshape(len(images), -1) for images, _ in batches]
    found = np.concatenate(flat)
    lengths = np.linalg.norm(found, axis=1, keepdims=True)
    scaled: np.ndarray = (found / np.where(lengths > 0, lengths, 1)).astype(np.float16)
    return scaled
