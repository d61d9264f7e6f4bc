"""What can be asked of `pixelproof export`. No library of exports is loaded."""

from types import SimpleNamespace
from typing import Any

import pytest

from pixelproof.errors import UserError
from pixelproof.export.targets import check_model, chosen
from pixelproof.inference.classifier import Classifier


def test_a_list_names_targets_and_int8_adds_their_small_ones() -> None:
    """Else a person would get other files than asked for."""
    assert chosen("litert, onnx,litert", int8=False) == ["litert", "onnx"]
    assert chosen("onnx,saved_model,litert", int8=True) == ["onnx", "onnx-int8", "saved_model", "litert", "litert-int8"]
    assert chosen("onnx-int8", int8=False) == ["onnx-int8"]


@pytest.mark.parametrize(
    ("names", "int8", "says"),
    [
        ("onnx,tflite", False, "'tflite' is no target. Expected some of onnx, onnx-int8, litert"),
        ("", False, "'' is no target"),
        ("saved_model", True, "none of these has 8-bit integers. Add onnx or litert."),
    ],
)
def test_what_is_no_target_is_refused(names: str, int8: bool, says: str) -> None:
    """Else a typing error would end in a traceback, or in fewer files than asked for."""
    with pytest.raises(UserError, match=says.replace(".", r"\.")):
        chosen(names, int8=int8)


def of(model: Any) -> Classifier:
    return Classifier(preprocessing=None, network=lambda images: images, model=model)  # type: ignore[arg-type]


def test_a_pipeline_goes_to_onnx_alone_and_an_export_nowhere() -> None:
    """Else the converters' own tracebacks would say so."""
    pipeline, network = SimpleNamespace(predict_proba=None), SimpleNamespace()
    check_model(of(pipeline), ["onnx", "onnx-int8"])
    check_model(of(network), ["litert", "saved_model"])
    with pytest.raises(UserError, match=r"--to litert: this model is scikit-learn's"):
        check_model(of(pipeline), ["onnx", "litert"])
    with pytest.raises(UserError, match="an export already"):
        check_model(of(None), ["onnx"])
