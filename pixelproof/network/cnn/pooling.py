"""L2 pooling, which Keras does not have, out of what it has: a saved model with it loads wherever Keras is."""

from typing import Any

import keras
from keras import ops

Pair = tuple[int, int]  # (height, width)


def l2_pooling(shape: tuple[int, int, int], size: Pair, stride: Pair, padding: str, name: str) -> keras.Model:
    """Return a model, a layer of others, that gives the Euclidean norm of each window, channel by channel.

    Input and output: (n, height, width, channels), of which `shape` is the input's without n. `padding` is valid or
    same, where the pixels beyond the edge are zeros. The gradient of a window of zeros is zero. It computes in the
    precision that is Keras's at the time. `pixelproof.explain.tracing.kinds` knows it by its operations.
    """
    images = keras.Input(shape, dtype=keras.config.dtype_policy().compute_dtype)
    means = keras.layers.AveragePooling2D(size, stride, name="means")(
        _with_zeros(ops.square(images), size, stride, padding)
    )
    sums = means * (size[0] * size[1])
    # The slope of the root at zero is infinite: both `where` keep it out of the result and of the gradient.
    positive = sums > 0
    return keras.Model(images, ops.where(positive, ops.sqrt(ops.where(positive, sums, 1)), 0), name=name)


def _with_zeros(images: Any, size: Pair, stride: Pair, padding: str) -> Any:
    """Return the images with zeros around them, where `same` asks for some: Keras's means would leave them out."""
    if padding == "valid":
        return images
    sides = tuple(_same_zeros(images.shape[1 + axis], size[axis], stride[axis]) for axis in (0, 1))
    return keras.layers.ZeroPadding2D(sides, name="zeros")(images)


def _same_zeros(side: int, size: int, stride: int) -> Pair:
    """Return how many zeros go before and behind a side, as TensorFlow's SAME padding has it."""
    steps = -(-side // stride)
    zeros = max((steps - 1) * stride + size - side, 0)
    return zeros // 2, zeros - zeros // 2
