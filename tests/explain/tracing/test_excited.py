"""What excites the maps of a network, against the maps that Keras gives."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pixelproof.explain.tracing import excited as module
from pixelproof.explain.tracing.excited import MOST, excited, read_excited, selectivity, write_excited

pytestmark = pytest.mark.slow

RNG = np.random.default_rng(5)
PHOTOS = RNG.integers(0, 256, (40, 9, 7, 1), dtype=np.uint8)
LABELS = np.arange(40) % 3


@pytest.fixture(scope="module")
def model() -> Any:
    import keras
    from keras import layers as of

    keras.utils.set_random_seed(3)
    image = keras.Input((9, 7, 1))
    x = of.Conv2D(4, 3, name="first")(image)
    x = of.Activation("relu", name="relu")(of.BatchNormalization(name="norm")(x))
    y = of.Conv2D(3, 2, activation="relu", name="second")(x)
    x = of.Conv2D(3, 1, name="read_twice")(y)
    x = of.Add(name="sum")([of.Activation("tanh", name="tanh")(x), x])
    return keras.Model(image, of.Dense(3)(of.Flatten()(x)))


@pytest.mark.parametrize("at_once", [1, 2**30])
def test_the_nine_photos_that_excite_a_map_most_are_found(
    model: Any, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the page would show something else than a filter looks for."""
    import keras

    monkeypatch.setattr(module, "AT_ONCE", at_once)
    found = excited(model, [(PHOTOS[:25], LABELS[:25]), (PHOTOS[25:], LABELS[25:])], 3)
    assert [layer.name for layer in found] == ["first", "second", "read_twice"]
    for layer, end in zip(found, ("relu", "second", "read_twice"), strict=True):
        maps = keras.Model(model.inputs, model.get_layer(end).output).predict(PHOTOS, verbose=0)
        for number in range(maps.shape[3]):
            best = maps[..., number].reshape(40, -1).max(axis=1)
            np.testing.assert_allclose(layer.values[number], np.sort(best)[::-1][:MOST], rtol=1e-5)
            rows, columns = layer.places[number].T
            at_places = maps[layer.photos[number], rows, columns, number]
            np.testing.assert_allclose(at_places, layer.values[number], rtol=1e-5)
        means = [maps[label == LABELS].mean(axis=(0, 1, 2)) for label in range(3)]
        np.testing.assert_allclose(layer.means, means, rtol=1e-5, atol=1e-7)


def test_fewer_photos_than_nine_leave_places_empty(model: Any) -> None:
    """Else a photo would be shown that is none."""
    (layer, *_) = excited(model, [(PHOTOS[:2], LABELS[:2])], 3)
    assert (layer.photos[:, 2:] == -1).all()
    assert layer.of_store(np.array([30, 10])).photos[0].tolist()[2:] == [-1] * 7
    assert set(layer.of_store(np.array([30, 10])).photos[0, :2].tolist()) == {10, 30}


def test_a_network_without_a_convolution_has_no_maps() -> None:
    """Else `predict_cnn` would stop at a network of dense layers."""
    import keras

    image = keras.Input((9, 7, 1))
    assert excited(keras.Model(image, keras.layers.Dense(2)(keras.layers.Flatten()(image))), [], 2) == []


def test_selectivity_is_that_of_morcos() -> None:
    """By hand: (3 - 1) / (3 + 1); a map that no class excites more, and one that nothing excites, tell nothing."""
    means = np.array([[3.0, 2.0, 0.0, 0.0], [0.5, 2.0, 0.0, 4.0], [1.5, 2.0, 0.0, 0.0]])
    index = selectivity(means)
    assert index is not None
    assert index.tolist() == [0.5, 0.0, 0.0, 1.0]
    assert selectivity(-means) is None, "an index of negative activations may be anything"


def test_what_was_found_is_read_as_it_was_written(model: Any, tmp_path: Path) -> None:
    """Else the page would be about another network."""
    found = excited(model, [(PHOTOS, LABELS)], 3)
    write_excited(found, tmp_path / "excited.npz")
    for before, after in zip(found, read_excited(tmp_path / "excited.npz"), strict=True):
        assert before.name == after.name
        for part in ("photos", "places", "values", "means"):
            np.testing.assert_array_equal(getattr(before, part), getattr(after, part))
