"""Models that `pixelproof export` wrote, run by the library of their format alone: no Keras, no scikit-learn."""

import importlib
import json
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from pixelproof.errors import UserError
from pixelproof.inference.classifier import Classifier, Network
from pixelproof.inference.preprocessing import Preprocessing
from pixelproof.native_output import keep_native_output

EXPORT = "export.json"  # in the folder of an export: file, format, preprocessing, input and output
IMAGES, PROBABILITIES = "images", "probabilities"  # the input and the output of every exported graph


def is_export(folder: Path) -> bool:
    """Tell whether a folder holds an export that answers photos."""
    return (folder / EXPORT).is_file()


def open_export(folder: Path) -> Classifier:
    """Open what `pixelproof export` wrote. Raises UserError where its library is missing or refuses the file."""
    try:
        content = json.loads((folder / EXPORT).read_text("utf-8"))
        preprocessing = Preprocessing(**content["preprocessing"])
        path, run = folder / content["file"], RUNTIMES[content["format"]]
    except (KeyError, TypeError, ValueError) as error:
        raise UserError(f"{folder / EXPORT}: not the description of an export: {error!r}. Export again.") from None
    return Classifier(preprocessing, run(path))


def required(module: str) -> Any:
    """Return a module of the libraries for exports. Raises UserError if it is not installed."""
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise UserError(
            f"{module.split('.')[0]} is not installed, which exported models need ({error}). "
            "Install it: pip install 'pixelproof[export]'."
        ) from None


def _onnx(path: Path) -> Network:
    runtime = required("onnxruntime")
    try:
        session = runtime.InferenceSession(path, providers=["CPUExecutionProvider"])
    except Exception as error:  # the runtime has a class for each of its status codes, below no common one
        raise UserError(f"{path}: ONNX Runtime refuses it: {_first_line(error)}. Export again.") from None

    def network(images: np.ndarray) -> np.ndarray:
        return np.asarray(session.run([PROBABILITIES], {IMAGES: images})[0])

    return network


def _litert(path: Path) -> Network:
    library = required("ai_edge_litert.interpreter")
    keep_native_output(Path(tempfile.gettempdir()) / f"pixelproof-{os.getuid()}" / "litert.log")
    try:
        interpreter = library.Interpreter(str(path))
    except ValueError as error:
        raise UserError(f"{path}: LiteRT refuses it: {_first_line(error)}. Export again.") from None
    (taken,), (given,) = interpreter.get_input_details(), interpreter.get_output_details()

    def network(images: np.ndarray) -> np.ndarray:
        if tuple(interpreter.get_input_details()[0]["shape"]) != images.shape:
            interpreter.resize_tensor_input(taken["index"], images.shape)
        interpreter.allocate_tensors()
        interpreter.set_tensor(taken["index"], images)
        interpreter.invoke()
        return np.asarray(interpreter.get_tensor(given["index"]))

    return network


def _saved_model(path: Path) -> Network:
    endpoint = importlib.import_module("tensorflow").saved_model.load(str(path))
    return lambda images: np.asarray(endpoint.serve(images)[PROBABILITIES])


def _first_line(error: Exception) -> str:
    return next(iter(str(error).splitlines()), type(error).__name__)


RUNTIMES: dict[str, Callable[[Path], Network]] = {"onnx": _onnx, "litert": _litert, "saved_model": _saved_model}
