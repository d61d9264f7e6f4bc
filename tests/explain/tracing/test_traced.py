"""A trace on the disk: the page is made of it, without the network."""

from pathlib import Path

import numpy as np

from pixelproof.explain.tracing.kinds import Kind
from pixelproof.explain.tracing.traced import Inside, Trace, TracedLayer, read_trace, write_trace


def test_a_trace_is_read_as_it_was_written_to_the_bit(tmp_path: Path) -> None:
    """Else the page would show other numbers than the network computed."""
    random = np.random.default_rng(0)
    kernel = random.normal(size=(3, 3, 1, 2)).astype(np.float32)
    options = {"size": [3, 3], "activation": "relu", "epsilon": 0.1}
    layers = [
        TracedLayer("input", "InputLayer", [], random.normal(size=(2, 4, 4, 1)).astype(np.float32), Kind("input"), 0),
        TracedLayer(
            "conv",
            "Conv2D",
            [0],
            random.normal(size=(2, 2, 2, 2)).astype(np.float32),
            Kind("conv", options, {"kernel": kernel}),
            18,
        ),
        TracedLayer("model", "Functional", [1], np.array([[np.nan, np.inf]], np.float32), None, 7, Inside(3, 1)),
    ]
    write_trace(Trace(["a/1.png", "b/ü.png"], layers, mirrored=True), tmp_path / "trace.npz")
    found = read_trace(tmp_path / "trace.npz")
    assert found.ids == ["a/1.png", "b/ü.png"]
    for read, written in zip(found.layers, layers, strict=True):
        assert (read.name, read.class_name, read.inputs, read.parameters) == (
            written.name,
            written.class_name,
            written.inputs,
            written.parameters,
        )
        np.testing.assert_array_equal(read.outputs, written.outputs)
        assert read.outputs.dtype == np.float32
    assert found.layers[2].kind is None
    assert [layer.inside for layer in found.layers] == [None, None, Inside(3, 1)]
    assert found.layers[1].kind is not None
    assert (found.layers[1].kind.name, found.layers[1].kind.options) == ("conv", options)
    np.testing.assert_array_equal(found.layers[1].kind.weights["kernel"], kernel)
