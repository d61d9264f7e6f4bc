"""What a model can be exported to: one table, of which a target is a line."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from pixelproof.errors import UserError
from pixelproof.export import onnx_format
from pixelproof.inference.classifier import Classifier

# A model, an empty folder, and photos of the training part, uint8 (n, height, width, channels), for targets of 8 bits:
# writes the file, and returns its name.
Write = Callable[[Classifier, Path, np.ndarray], str]
PAGE = "page"  # the classifier alone in a browser: nothing to run here, so that it has no proof
INT8 = "-int8"  # what the name of a target of 8 bits ends in, after that of the exact one


@dataclass(frozen=True)
class Target:
    """How a model gets into a file. `format` names the library that runs it, of `exported.RUNTIMES`, and `use.py`.

    `takes_pipelines`: whether scikit-learn's models can be written, too.
    """

    write: Write
    format: str
    takes_pipelines: bool = False


def _litert(classifier: Classifier, folder: Path, photos: np.ndarray) -> str:
    from pixelproof.export import tensorflow_formats

    return tensorflow_formats.write_litert(classifier, folder, photos)


def _litert_int8(classifier: Classifier, folder: Path, photos: np.ndarray) -> str:
    from pixelproof.export import tensorflow_formats

    return tensorflow_formats.write_litert_int8(classifier, folder, photos)


def _saved_model(classifier: Classifier, folder: Path, photos: np.ndarray) -> str:
    from pixelproof.export import tensorflow_formats

    return tensorflow_formats.write_tensorflow(classifier, folder, photos)


TARGETS = {
    "onnx": Target(onnx_format.write, "onnx", takes_pipelines=True),
    f"onnx{INT8}": Target(onnx_format.write_int8, "onnx", takes_pipelines=True),
    "litert": Target(_litert, "litert"),
    f"litert{INT8}": Target(_litert_int8, "litert"),
    "saved_model": Target(_saved_model, "saved_model"),
}


def chosen(names: str, *, int8: bool) -> list[str]:
    """Return the targets that a list such as `onnx,litert` names, with `int8` those of 8 bits behind their exact ones.

    Raises UserError for a name that is none, and for `int8` where no target has 8 bits.
    """
    asked = list(dict.fromkeys(name.strip() for name in names.split(",")))
    known = (*TARGETS, PAGE)
    if unknown := [name for name in asked if name not in known]:
        raise UserError(f"--to {names}: {unknown[0]!r} is no target. Expected some of {', '.join(known)}.")
    if not int8:
        return asked
    both = [each for name in asked for each in (name, name + INT8) if each in known]
    if both == asked:
        raise UserError(f"--to {names} --int8: none of these has 8-bit integers. Add onnx or litert.")
    return list(dict.fromkeys(both))


def check_model(classifier: Classifier, names: Sequence[str]) -> None:
    """Raise UserError where a target cannot take this kind of model, or the model is itself an export."""
    if classifier.model is None:
        raise UserError("--model: this is an export already. Name the model that it was made of.")
    if not hasattr(classifier.model, "predict_proba"):
        return
    if refused := [name for name in names if name != PAGE and not TARGETS[name].takes_pipelines]:
        raise UserError(
            f"--to {refused[0]}: this model is scikit-learn's, which that format cannot hold. Export it to onnx, "
            "or export the CNN."
        )
