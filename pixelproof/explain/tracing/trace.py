"""The trained network as it really is: its graph of layers, and what each layer makes of some photos."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from pixelproof.explain.tracing.kinds import describe
from pixelproof.explain.tracing.stages import calls, stages
from pixelproof.explain.tracing.traced import Inside, TracedLayer

if TYPE_CHECKING:
    import keras


def trace(model: "keras.Model", photos: np.ndarray) -> list[TracedLayer]:
    """Return the layers of a functional Keras model in order, each after those that feed it.

    photos  uint8 (n, height, width, channels)
    A model within the model (a backbone) is one layer for each of its stages.
    """
    import keras

    tapped = [tap for node in calls(model) for tap in _taps(node)]
    numbers = {id(tap.output): number for number, tap in enumerate(tapped)}
    outputs = keras.Model(model.inputs, [tap.output for tap in tapped]).predict_on_batch(photos.astype(np.float32))
    return [
        TracedLayer(
            name=tap.name,
            class_name=type(tap.operation).__name__,
            inputs=[numbers[id(tensor)] for tensor in tap.inputs],
            outputs=np.asarray(output, np.float32),
            kind=None if tap.inside else describe(tap.operation),
            parameters=tap.parameters,
            inside=tap.inside,
        )
        for tap, output in zip(tapped, outputs, strict=True)
    ]


class _Tap(NamedTuple):
    """Where the network is tapped: behind a layer, or behind a stage of a model within it."""

    operation: Any
    name: str
    inputs: Sequence[Any]  # tensors of the whole model's graph
    output: Any
    parameters: int
    inside: Inside | None = None


def _taps(node: Any) -> list[_Tap]:
    import keras

    operation, inputs, output = node.operation, node.input_tensors, node.output_tensors[0]
    if isinstance(operation, keras.Model) and describe(operation) is None:
        return _stage_taps(operation, inputs, output)
    parameters = operation.count_params() if isinstance(operation, keras.Layer) else 0
    return [_Tap(operation, operation.name, inputs, output, parameters)]


def _stage_taps(model: Any, inputs: Sequence[Any], output: Any) -> list[_Tap]:
    import keras

    *earlier, last = stages(model)
    called = keras.Model(model.inputs, [stage.output for stage in earlier])(inputs) if earlier else []
    outputs = [*(called if isinstance(called, list) else [called]), output]
    feeding = [inputs, *([each] for each in outputs)]
    names = [f"{model.name}_stage{number}" for number in range(1, len(earlier) + 2)] if earlier else [model.name]
    return [
        _Tap(model, name, fed, made, stage.parameters, stage.inside)
        for name, fed, made, stage in zip(names, feeding[:-1], outputs, [*earlier, last], strict=True)
    ]
