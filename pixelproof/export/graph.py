"""A Keras model as one function of TensorFlow's: raw pixels in, the probability of each class out, in float32."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from pixelproof.errors import UserError
from pixelproof.inference.exported import IMAGES, PROBABILITIES

HALVES = re.compile(r'"(?:mixed_)?b?float16"')


def refuse_other_backends() -> None:
    """Raise UserError unless Keras computes with TensorFlow, whose graphs are what is converted."""
    if keras.backend.backend() != "tensorflow":
        raise UserError(f"KERAS_BACKEND={keras.backend.backend()}: only TensorFlow's graphs are exported. Unset it.")


def precision(model: keras.Model) -> str:
    """Return the policy that most exactly says how the model computes: float32, or the first other one of a layer."""
    policies = [layer.dtype_policy.name for layer in model._flatten_layers()]
    return next((policy for policy in policies if policy != "float32"), "float32")


def in_float32(model: keras.Model) -> keras.Model:
    """Return the model itself, or one with the same weights that computes in float32 where it did in 16 bits."""
    if precision(model) == "float32":
        return model
    twin = keras.models.model_from_json(HALVES.sub('"float32"', json.dumps(json.loads(model.to_json()))))
    twin.set_weights(model.get_weights())
    return twin


def as_function(model: keras.Model, dtype: str = "uint8") -> Any:
    """Return a tf.function of images, `dtype` (n, height, width, channels), any n, to {probabilities: (n, classes)}."""
    signature = tf.TensorSpec((None, *model.input_shape[1:]), dtype, name=IMAGES)

    def answer(images: Any) -> dict[str, Any]:
        outputs = model(tf.cast(images, tf.float32), training=False)
        if outputs.shape[1] == 1:  # a sigmoid head says the second class alone
            outputs = tf.concat([1 - outputs, outputs], axis=1)
        return {PROBABILITIES: outputs}

    return tf.function(answer, input_signature=[signature], autograph=False)


def layer_function(layer: keras.Layer) -> tuple[keras.Model, Any]:
    """Return one layer of a model as a model of its own, and as a tf.function of its inputs."""
    inputs = keras.tree.map_structure(
        lambda tensor: keras.Input(batch_shape=tensor.shape, dtype=tensor.dtype), layer.input
    )
    alone = keras.Model(inputs, layer(inputs))
    signature = [tf.TensorSpec(tensor.shape, tensor.dtype, name=f"in{i}") for i, tensor in enumerate(alone.inputs)]

    def answer(*tensors: Any) -> Any:
        return alone(list(tensors) if len(tensors) > 1 else tensors[0], training=False)

    return alone, tf.function(answer, input_signature=signature, autograph=False)


def write_saved_model(model: keras.Model, function: Any, folder: Path) -> None:
    """Write TensorFlow's format, with the function as its endpoint `serve`."""
    archive = keras.export.ExportArchive()
    archive.track(model)
    archive.add_endpoint("serve", function)
    archive.write_out(str(folder), verbose=False)


Convert = Callable[[keras.Model, Any], Any]  # a model and its function to another format; raises what it likes


def converted(model: keras.Model, convert: Convert, format: str, function: Any = None) -> Any:
    """Return what `convert` makes of the model's function. Raises UserError, which names the layer that it refuses."""
    try:
        return convert(model, function or as_function(model))
    except Exception as error:  # converters raise their own, and whatever their C++ code raises
        layer = _refused_layer(keras.models.clone_model(model), convert)
        where = f"layer {layer}" if layer else "the network as a whole, though each layer alone can be exported"
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)[:300]
        raise UserError(
            f"{format} cannot express {where}: {reason} Train the network without it (docs/networks.md lists the "
            "kinds of layers), or export to saved_model."
        ) from None


def _refused_layer(model: keras.Model, convert: Convert) -> str | None:
    """Return the name of the first layer that cannot be converted alone; one within another as outer/inner."""
    for layer in model.layers:
        if not isinstance(layer, keras.layers.InputLayer) and not _is_converted(layer, convert):
            inner = _refused_layer(layer, convert) if isinstance(layer, keras.Model) else None
            return f"{layer.name}/{inner}" if inner else str(layer.name)
    return None


def _is_converted(layer: keras.Layer, convert: Convert) -> bool:
    try:
        convert(*layer_function(layer))
    except Exception:  # as above
        return False
    return True
