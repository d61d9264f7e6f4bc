"""Layers that Keras does not have.

Whoever loads a saved model that has one must have imported this module, or Keras does not know the layer.
"""

from typing import Any

import keras
from keras import ops

Pair = tuple[int, int]  # (height, width)


@keras.saving.register_keras_serializable(package="pixelproof")
class L2Pooling2D(keras.layers.Layer):  # type: ignore[misc]  # Keras ships no types
    """The Euclidean norm of each window, channel by channel: the square root of the sum of the squares.

    Input and output: (n, height, width, channels). `pool_size` and `strides` are (height, width); `padding` is valid
    or same, where the pixels beyond the edge are zeros. The gradient of a window of zeros is zero.
    """

    def __init__(self, pool_size: Pair, strides: Pair, padding: str = "valid", **options: Any) -> None:
        super().__init__(**options)
        self.pool_size, self.strides, self.padding = tuple(pool_size), tuple(strides), padding

    def call(self, inputs: Any) -> Any:
        squares = self._with_zeros(ops.square(inputs))
        means = ops.average_pool(squares, self.pool_size, self.strides, "valid", data_format="channels_last")
        sums = means * (self.pool_size[0] * self.pool_size[1])
        # The slope of the root at zero is infinite: both `where` keep it out of the result and of the gradient.
        positive = sums > 0
        return ops.where(positive, ops.sqrt(ops.where(positive, sums, 1)), 0)

    def _with_zeros(self, images: Any) -> Any:
        """Return the images with zeros around them, where `same` asks for some: Keras's means would leave them out."""
        if self.padding == "valid":
            return images
        sides = [_same_zeros(images.shape[1 + axis], self.pool_size[axis], self.strides[axis]) for axis in (0, 1)]
        return ops.pad(images, [(0, 0), *sides, (0, 0)])

    def get_config(self) -> dict[str, Any]:
        options = {"pool_size": self.pool_size, "strides": self.strides, "padding": self.padding}
        return {**super().get_config(), **options}


def _same_zeros(side: int, size: int, stride: int) -> Pair:
    """Return how many zeros go before and behind a side, as TensorFlow's SAME padding has it."""
    steps = -(-side // stride)
    zeros = max((steps - 1) * stride + size - side, 0)
    return zeros // 2, zeros - zeros // 2
