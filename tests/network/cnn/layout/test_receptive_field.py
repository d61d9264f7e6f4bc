"""Where each output looks, against the gradient that TensorFlow computes."""

from typing import Any

import numpy as np
import pytest

from pixelproof.network.plan.plan import plan_cnn
from tests.support.networks import FLATTEN, network

pytestmark = pytest.mark.slow

CONV = {"kind": "conv", "filters": 1, "kernel": 3, "padding": "same"}
POOL = {"kind": "average_pool", "size": 2}
NETWORKS: dict[str, dict[str, Any]] = {
    "same, odd and even windows": {"a": CONV, "b": {**CONV, "kernel": [2, 4]}},
    "same, with strides on odd and even sides": {"a": {**CONV, "stride": 2}, "b": {**CONV, "kernel": 5, "stride": 2}},
    "valid, pixels left over": {
        "a": {**CONV, "padding": "valid", "stride": 2},
        "p": {"kind": "average_pool", "size": 2},
    },
    "rings and dilation": {"a": {**CONV, "padding": 2, "stride": [1, 2]}, "b": {**CONV, "dilation": 2}},
    "zeros around": {"z": {"kind": "zero_pad", "rings": 2}, "a": {**CONV, "padding": "valid"}},
    "a residual block": {
        "a": {**CONV, "stride": 2},
        "r": {"kind": "residual", "activation": "linear", "layers": {"x": CONV, "y": CONV}},
    },
}


@pytest.mark.parametrize("layers", NETWORKS.values(), ids=list(NETWORKS))
@pytest.mark.parametrize("shape", [(16, 21, 1), (23, 14, 1)])
def test_an_output_sees_exactly_its_field(layers: dict[str, Any], shape: tuple[int, int, int]) -> None:
    """Else the page would show another part of a photo than the one that excites a filter."""
    import keras
    import tensorflow as tf

    from pixelproof.network.cnn.cnn import build

    params = network(**layers, flatten=FLATTEN)
    plan, model = plan_cnn(params, shape, 2), build(params, shape, 2)
    entry = next(layer for layer in reversed(plan.layers) if len(layer.output_shape) == 3)
    assert entry.receptive_field
    assert entry.field_stride
    assert entry.field_start
    model.set_weights([np.ones_like(weights) for weights in model.get_weights()])
    maps = keras.Model(model.inputs, model.get_layer(entry.name).output)
    rows, columns = entry.output_shape[:2]
    for row, column in ((0, 0), (rows // 2, columns // 2), (rows - 1, columns - 1)):
        image = tf.Variable(np.ones((1, *shape), np.float32))
        with tf.GradientTape() as tape:
            output = maps(image)[0, row, column, 0]
        seen = np.argwhere(np.asarray(tape.gradient(output, image))[0, :, :, 0])
        begins = [entry.field_start[axis] + (row, column)[axis] * entry.field_stride[axis] for axis in (0, 1)]
        ends = [begin + size for begin, size in zip(begins, entry.receptive_field, strict=True)]
        assert seen.min(axis=0).tolist() == [max(0, begin) for begin in begins]
        assert (seen.max(axis=0) + 1).tolist() == [min(side, end) for side, end in zip(shape, ends, strict=False)]
