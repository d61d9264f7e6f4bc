import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.support.imports import ROOT

pytestmark = pytest.mark.slow  # TensorFlow takes ten seconds to load

IMAGES = np.random.default_rng(0).normal(size=(2, 7, 6, 3)).astype(np.float32)
CASES = [
    ((2, 2), (2, 2), "valid"),
    ((3, 2), (1, 2), "valid"),
    ((7, 6), (1, 1), "valid"),
    ((2, 2), (2, 2), "same"),
    ((3, 4), (2, 3), "same"),
    ((5, 9), (1, 1), "same"),
]


def norms(images: np.ndarray, size: tuple[int, int], stride: tuple[int, int], padding: str) -> np.ndarray:
    """Slide a window over the images and take the norm of what it covers, in float64."""
    sides = images.shape[1:3]
    steps = [
        -(-side // step) if padding == "same" else (side - reach) // step + 1
        for side, reach, step in zip(sides, size, stride, strict=True)
    ]
    missing = [max((n - 1) * s + f - side, 0) for n, s, f, side in zip(steps, stride, size, sides, strict=True)]
    zeros = [(0, 0), *((m // 2, m - m // 2) if padding == "same" else (0, 0) for m in missing), (0, 0)]
    padded = np.pad(images.astype(np.float64), zeros)
    rows = [
        [padded[:, r : r + size[0], c : c + size[1]] for c in range(0, steps[1] * stride[1], stride[1])]
        for r in range(0, steps[0] * stride[0], stride[0])
    ]
    return np.stack([np.stack([np.sqrt((w**2).sum(axis=(1, 2))) for w in row], axis=1) for row in rows], axis=1)


@pytest.mark.parametrize(("size", "stride", "padding"), CASES)
def test_l2_pooling_takes_the_norm_of_each_window(size: tuple[int, int], stride: tuple[int, int], padding: str) -> None:
    """Else `l2_pool` would not be the root of the sum of squares, or sum other pixels than the plan's window."""
    from pixelproof.network.cnn.saved.keras_layers import L2Pooling2D

    output = np.asarray(L2Pooling2D(size, stride, padding)(IMAGES))
    np.testing.assert_allclose(output, norms(IMAGES, size, stride, padding), rtol=1e-5, atol=1e-6)


def test_l2_pooling_of_same_padding_lies_where_kerass_max_pooling_lies() -> None:
    """Else `padding: same` would mean other windows for l2_pool than for the other poolings."""
    import keras

    from pixelproof.network.cnn.saved.keras_layers import L2Pooling2D

    spike = np.zeros((1, 7, 6, 1), np.float32)
    for row in range(7):
        for column in range(6):
            spike[:] = 0
            spike[0, row, column] = 2
            largest = keras.layers.MaxPooling2D((3, 2), (2, 3), "same")(spike)
            np.testing.assert_allclose(np.asarray(L2Pooling2D((3, 2), (2, 3), "same")(spike)), np.asarray(largest))


def gradient(images: np.ndarray) -> np.ndarray:
    import tensorflow as tf

    from pixelproof.network.cnn.saved.keras_layers import L2Pooling2D

    variable = tf.Variable(images)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(L2Pooling2D((2, 2), (2, 2))(variable))
    return np.asarray(tape.gradient(total, variable))


def test_the_gradient_of_a_window_of_zeros_is_zero() -> None:
    """Else one black window after a relu would turn every weight into NaN: the root's slope at zero is infinite."""
    images = np.zeros((1, 4, 2, 1), np.float32)
    images[0, :2, :, 0] = [[3, 0], [0, 4]]
    np.testing.assert_allclose(gradient(images)[0, :, :, 0], [[0.6, 0], [0, 0.8], [0, 0], [0, 0]], rtol=1e-6)


def test_the_gradient_of_tiny_windows_is_finite() -> None:
    """Else squares that vanish in float32 would give NaN."""
    found = gradient(np.full((1, 2, 2, 1), 1e-30, np.float32))
    assert np.isfinite(found).all()
    np.testing.assert_allclose(gradient(np.full((1, 2, 2, 1), 1e-15, np.float32)), 0.5, rtol=1e-4)


def test_l2_pooling_is_saved_and_loaded_with_its_options(tmp_path: Path) -> None:
    """Else a trained network could not be evaluated."""
    import keras

    from pixelproof.network.cnn.saved.keras_layers import L2Pooling2D

    inputs = keras.Input((7, 6, 3))
    model = keras.Model(inputs, L2Pooling2D((3, 2), (1, 2), "same", name="pool")(inputs))
    model.save(tmp_path / "model.keras")
    loaded: Any = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.get_layer("pool").get_config() == model.get_layer("pool").get_config()
    np.testing.assert_array_equal(loaded.predict_on_batch(IMAGES), model.predict_on_batch(IMAGES))


ON_JAX = """
import jax, numpy as np
from pixelproof.network.cnn.saved.keras_layers import L2Pooling2D
images = np.zeros((1, 4, 2, 1), np.float32)
images[0, :2, :, 0] = [[3, 0], [0, 4]]
print(jax.grad(lambda pixels: L2Pooling2D((2, 2), (2, 2))(pixels).sum())(images).ravel().round(3).tolist())
"""


def test_l2_pooling_runs_on_jax_too() -> None:
    """Else `KERAS_BACKEND=jax` would fail in training, or give NaN."""
    pytest.importorskip("jax", reason="jax is an extra: pip install pixelproof[jax]")
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-c", ON_JAX]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[0.6, 0.0, 0.0, 0.8, 0.0, 0.0, 0.0, 0.0]"
