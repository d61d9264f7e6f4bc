"""The features of a photo: what the network's last layer is given."""

import numpy as np
import pytest

pytestmark = pytest.mark.slow  # TensorFlow takes five seconds to load


def test_features_are_the_last_layers_input_at_length_1() -> None:
    """Else distances would be between other things than the answers are made of; also of a network that is mirrored."""
    import keras

    from pixelproof.evidence.features import directions, features_of
    from pixelproof.network.cnn.saved.mirroring import with_flip_averaging

    keras.utils.set_random_seed(1)
    network = keras.Sequential(
        [keras.Input((4, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(5), keras.layers.Dense(2)]
    )
    network = keras.Model(network.inputs[0], network.outputs[0])
    images = np.random.default_rng(0).integers(256, size=(6, 4, 4, 1), dtype=np.uint8)
    both = [given.reshape(6, -1) @ np.asarray(network.layers[-2].kernel) for given in (images, images[:, :, ::-1])]
    for model, hidden in ((network, both[0]), (with_flip_averaging(network), np.mean(both, axis=0))):
        found = directions(features_of(model)[0], [(images[:4], None), (images[4:], None)])
        np.testing.assert_allclose(found, hidden / np.linalg.norm(hidden, axis=1, keepdims=True), atol=2e-3)
        assert found.dtype == np.float16


def test_a_photo_without_features_is_no_division_by_0() -> None:
    """Else a black photo would warn, or be NaN, which is near to nothing and far from nothing."""
    import keras

    from pixelproof.evidence.features import directions, features_of

    network = keras.Sequential([keras.Input((2, 2, 1)), keras.layers.Flatten(), keras.layers.Dense(2)])
    network = keras.Model(network.inputs[0], network.outputs[0])
    assert (directions(features_of(network)[0], [(np.zeros((1, 2, 2, 1), np.uint8), None)]) == 0).all()
