"""The features of a photo: what the network's last layer is given."""

import numpy as np
import pytest

pytestmark = pytest.mark.slow  # TensorFlow takes five seconds to load


def test_features_are_the_last_layers_input_at_length_1() -> None:
    """Else distances would be between other things than the answers are made of; also of a network that is mirrored."""
    import keras

    from pixelproof.network.cnn.saved.features import features
    from pixelproof.network.cnn.saved.mirroring import with_flip_averaging

    keras.utils.set_random_seed(1)
    network = keras.Sequential(
        [keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(5), keras.layers.Dense(2)]
    )
    network = keras.Model(network.inputs[0], network.outputs[0])
    images = np.random.default_rng(0).integers(256, size=(6, 4, 4, 1), dtype=np.uint8)
    hidden = images.reshape(6, -1) @ np.asarray(network.layers[-2].kernel)
    expected = hidden / np.linalg.norm(hidden, axis=1, keepdims=True)
    for model in (network, with_flip_averaging(network)):
        found = features(model, [(images[:4], None), (images[4:], None)])
        np.testing.assert_allclose(found, expected, atol=2e-3)
        assert found.dtype == np.float16


def test_a_photo_without_features_is_no_division_by_0() -> None:
    """Else a black photo would warn, or be NaN, which is near to nothing and far from nothing."""
    import keras

    from pixelproof.network.cnn.saved.features import features

    network = keras.Sequential([keras.Input((2, 2, 1)), keras.layers.Flatten(), keras.layers.Dense(2)])
    network = keras.Model(network.inputs[0], network.outputs[0])
    assert (features(network, [(np.zeros((1, 2, 2, 1), np.uint8), None)]) == 0).all()
