"""The filters of a network's first convolution, which are small pictures."""

import keras
import numpy as np


def first_filters(network: keras.Model) -> np.ndarray | None:
    """Return the kernel of the first convolution, float32 (height, width, channels, filters); None without one."""
    for layer in network._flatten_layers(include_self=False, recursive=True):
        if isinstance(layer, keras.layers.Conv2D):
            return np.array(layer.kernel, np.float32)
    return None
