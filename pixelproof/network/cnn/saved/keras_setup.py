"""Keras as this project needs it, whatever the user's own configuration (~/.keras/keras.json) says.

Here nothing imports Keras when it is itself imported: `start_keras` comes before every module that does.
"""

import importlib
import os
import tempfile
from pathlib import Path
from types import ModuleType

from pixelproof.errors import UserError
from pixelproof.heavy_imports import no_garbage_collection
from pixelproof.native_output import keep_native_output
from pixelproof.paths import NATIVE_OUTPUT

TRAINS = ("tensorflow", "jax", "torch")  # Keras's other backends compute no gradients
# TensorFlow cuts its sums into as many pieces as it has threads. The same number of threads gives the same weights on
# any number of cores; on 2 cores 8 of them take the digits' network as long as 2 (docs/decisions.md).
THREADS = 8
# Two operations at once share those threads, and then a convolution of large images cuts its sums by what is free: at
# 128 px every third step had other gradients (`python -m benchmarks.same_weights`).
OPERATIONS_AT_ONCE = 1


def start_keras(stage: str) -> None:
    """Load Keras with its backend and set it up; what TensorFlow says of itself goes to a file of that stage.

    TensorFlow is the backend, unless KERAS_BACKEND names another one: keras.json has no say. Raises UserError for one
    that is not installed or cannot train, and for a configuration that Keras refuses.
    """
    backend = os.environ.get("KERAS_BACKEND") or "tensorflow"
    if backend not in TRAINS:
        raise UserError(f"KERAS_BACKEND={backend}: expected one of {', '.join(TRAINS)}. Unset it to use TensorFlow.")
    os.environ |= {"KERAS_BACKEND": backend, "KERAS_NNX_ENABLED": "false"}
    keep_native_output(_log_folder() / f"{stage}.log")
    keras = _load(backend)
    set_up_keras()
    keras.config.set_dtype_policy("float32")
    if backend == "tensorflow":
        threads = importlib.import_module("tensorflow").config.threading
        threads.set_intra_op_parallelism_threads(THREADS)
        threads.set_inter_op_parallelism_threads(OPERATIONS_AT_ONCE)
    keras.distribution.list_devices()  # where TensorFlow says the rest


def _log_folder() -> Path:
    """Return where logs go: not into a folder that is no project, where someone asks a model about photos."""
    return NATIVE_OUTPUT if Path("dvc.yaml").exists() else Path(tempfile.gettempdir()) / f"pixelproof-{os.getuid()}"


def _load(backend: str) -> ModuleType:
    try:
        with no_garbage_collection():
            return importlib.import_module("keras")
    except ImportError as error:
        raise UserError(f"KERAS_BACKEND={backend}: {error}. Install it, or unset KERAS_BACKEND.") from None
    except (AttributeError, OSError, TypeError, ValueError) as error:
        where = Path(os.environ.get("KERAS_HOME", "~/.keras")) / "keras.json"
        raise UserError(f"{where}, or a variable KERAS_...: Keras refuses it: {error}. Correct or remove it.") from None


def set_up_keras() -> None:
    """Set what a user's keras.json may have set otherwise, and what changes a network or its numbers."""
    import keras

    keras.config.set_image_data_format("channels_last")
    keras.config.set_floatx("float32")
    keras.config.set_epsilon(1e-7)
