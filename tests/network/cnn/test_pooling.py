import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pixelproof.files import write_json
from pixelproof.params.cnn import Cnn
from tests.support.imports import ROOT

pytestmark = pytest.mark.slow  # TensorFlow takes ten seconds to load

Pair = tuple[int, int]
IMAGES = np.random.default_rng(0).normal(size=(2, 7, 6, 3)).astype(np.float32)
CASES = [
    ((2, 2), (2, 2), "valid"),
    ((3, 2), (1, 2), "valid"),
    ((7, 6), (1, 1), "valid"),
    ((2, 2), (2, 2), "same"),
    ((3, 4), (2, 3), "same"),
    ((5, 9), (1, 1), "same"),
]


def pooled(images: Any, size: Pair = (2, 2), stride: Pair = (2, 2), padding: str = "valid") -> Any:
    from pixelproof.network.cnn.pooling import l2_pooling

    return l2_pooling(images.shape[1:], size, stride, padding, "pool")(images)


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
    output = np.asarray(pooled(IMAGES, size, stride, padding))
    np.testing.assert_allclose(output, norms(IMAGES, size, stride, padding), rtol=1e-5, atol=1e-6)


def test_l2_pooling_of_same_padding_lies_where_kerass_max_pooling_lies() -> None:
    """Else `padding: same` would mean other windows for l2_pool than for the other poolings."""
    import keras

    spike = np.zeros((1, 7, 6, 1), np.float32)
    for row in range(7):
        for column in range(6):
            spike[:] = 0
            spike[0, row, column] = 2
            largest = keras.layers.MaxPooling2D((3, 2), (2, 3), "same")(spike)
            np.testing.assert_allclose(np.asarray(pooled(spike, (3, 2), (2, 3), "same")), np.asarray(largest))


def gradient(images: np.ndarray) -> np.ndarray:
    import tensorflow as tf

    variable = tf.Variable(images)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(pooled(variable))
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


NETWORK = {
    "layers": {
        "conv": {"kind": "conv", "filters": 4, "kernel": 3, "padding": "same", "activation": "relu"},
        "inside": {"kind": "l2_pool", "size": [3, 2], "stride": [1, 2]},
        "norm": {"kind": "batch_norm", "momentum": 0.9},
        "beyond": {"kind": "l2_pool", "size": 3, "stride": 2, "padding": "same"},
        "flatten": {"kind": "flatten"},
    },
    "head": "softmax",
    "learning_rate": 0.01,
}
ELSEWHERE = """
import sys
sys.modules["pixelproof"] = None  # which ends every import of it
import keras, numpy as np
for folder in map(str, sys.argv[1:]):
    model = keras.saving.load_model(f"{folder}/model.keras")
    np.save(f"{folder}/answers.npy", model.predict_on_batch(np.load(f"{folder}/images.npy")))
"""


def test_a_saved_network_answers_alike_without_this_project(tmp_path: Path) -> None:
    """Else a model could be used nowhere but here, or not by those who set Keras up for themselves."""
    folders = [tmp_path / precision for precision in ("float32", "mixed_bfloat16")]
    expected = [saved_with_answers(folder) for folder in folders]
    write_json(tmp_path / "keras.json", {"image_data_format": "channels_first", "floatx": "float64", "epsilon": 0.1})
    environment = {**os.environ, "KERAS_HOME": str(tmp_path)}
    subprocess.run([sys.executable, "-c", ELSEWHERE, *folders], env=environment, cwd=tmp_path, check=True)
    for folder, answers in zip(folders, expected, strict=True):
        np.testing.assert_allclose(np.load(folder / "answers.npy"), answers, rtol=1e-6)


def saved_with_answers(folder: Path) -> np.ndarray:
    """Save a network of that precision beside some images; return its answers to them."""
    from pixelproof.network.cnn.cnn import build
    from pixelproof.network.cnn.saved.mirroring import with_flip_averaging

    folder.mkdir()
    params = Cnn.model_validate({**NETWORK, "precision": folder.name})
    model = with_flip_averaging(build(params, (7, 6, 3), 3))
    model.save(folder / "model.keras")
    images = np.random.default_rng(0).integers(0, 256, (2, 7, 6, 3)).astype(np.float32)
    np.save(folder / "images.npy", images)
    answers: np.ndarray = model.predict_on_batch(images)
    return answers


ON_JAX = """
import jax, numpy as np
from pixelproof.network.cnn.pooling import l2_pooling
images = np.zeros((1, 4, 2, 1), np.float32)
images[0, :2, :, 0] = [[3, 0], [0, 4]]
pooling = l2_pooling((4, 2, 1), (2, 2), (2, 2), "valid", "pool")
print(jax.grad(lambda pixels: pooling(pixels).sum())(images).ravel().round(3).tolist())
"""


def test_l2_pooling_runs_on_jax_too() -> None:
    """Else `KERAS_BACKEND=jax` would fail in training, or give NaN."""
    pytest.importorskip("jax", reason="jax is an extra: pip install pixelproof[jax]")
    environment = {**os.environ, "KERAS_BACKEND": "jax", "JAX_PLATFORMS": "cpu"}
    command = [sys.executable, "-c", ON_JAX]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[0.6, 0.0, 0.0, 0.8, 0.0, 0.0, 0.0, 0.0]"
