"""To TensorFlow's SavedModel, and to LiteRT (formerly TensorFlow Lite), also as 8-bit integers."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from pixelproof.export.graph import as_function, converted, write_saved_model
from pixelproof.inference.classifier import Classifier
from pixelproof.inference.exported import required

LITERT, SAVED_MODEL = "model.tflite", "saved_model"  # the latter is a folder


def write_tensorflow(classifier: Classifier, folder: Path, photos: np.ndarray) -> str:
    """Write a SavedModel; return its folder's name."""
    write_saved_model(classifier.model, as_function(classifier.model), folder / SAVED_MODEL)
    return SAVED_MODEL


def write_litert(classifier: Classifier, folder: Path, photos: np.ndarray) -> str:
    """Write the model for LiteRT; return the file's name."""
    required("ai_edge_litert.interpreter")  # here, since what is missing is no fault of a layer
    (folder / LITERT).write_bytes(converted(classifier.model, _to_litert, "LiteRT"))
    return LITERT


def write_litert_int8(classifier: Classifier, folder: Path, photos: np.ndarray) -> str:
    """Write the model with weights, activations and input as 8-bit integers, in the ranges that `photos` cause.

    `photos`: images, uint8 (n, height, width, channels). Only the probabilities are float32. Return the file's name.
    """

    def to_int8(model: keras.Model, function: Any) -> bytes:
        return _to_litert(model, function, photos if model is classifier.model else None)

    required("ai_edge_litert.interpreter")
    pixels = as_function(classifier.model, "float32")
    (folder / LITERT).write_bytes(converted(classifier.model, to_int8, "LiteRT", pixels))
    return LITERT


def _to_litert(model: keras.Model, function: Any, photos: np.ndarray | None = None) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        write_saved_model(model, function, Path(folder))
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        if photos is not None:
            _make_int8(converter, photos)
        content = bytes(converter.convert())
    _check_it_runs(content)
    return content


def _check_it_runs(content: bytes) -> None:
    """Run a model on two images: what LiteRT builds of operations that it lacks may fail only then."""
    interpreter = required("ai_edge_litert.interpreter").Interpreter(model_content=content)
    for taken in interpreter.get_input_details():
        shape = [2 if side < 0 else side for side in taken["shape_signature"]]
        interpreter.resize_tensor_input(taken["index"], shape)
    interpreter.allocate_tensors()
    interpreter.invoke()


def _make_int8(converter: Any, photos: np.ndarray) -> None:
    """Let the input be uint8 pixels as they are: with black and white among the photos, a level is a step."""
    black_and_white = np.stack([np.zeros_like(photos[0]), np.full_like(photos[0], 255)])

    def representative() -> Iterator[list[np.ndarray]]:
        for image in (*black_and_white, *photos):
            yield [image[None].astype(np.float32)]

    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter.representative_dataset = representative
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
    converter.inference_input_type, converter.inference_output_type = tf.uint8, tf.float32
