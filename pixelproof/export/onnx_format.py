"""To ONNX: CNNs by tf2onnx, the pipeline of the MLP by skl2onnx; as 8-bit integers by ONNX Runtime."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from pixelproof.inference.classifier import Classifier
from pixelproof.inference.exported import IMAGES, PROBABILITIES, required

OPSET = 18  # ONNX Runtime has it since 1.14, of 2023
FILE = "model.onnx"


def write(classifier: Classifier, folder: Path, photos: np.ndarray) -> str:
    """Write the model; return the file's name. `photos` are for targets of 8 bits."""
    required("onnx").save(_as_onnx(classifier), folder / FILE)
    return FILE


def write_int8(classifier: Classifier, folder: Path, photos: np.ndarray) -> str:
    """Write the model with weights and activations as 8-bit integers, whose ranges are those that `photos` cause.

    `photos`: images, uint8 (n, height, width, channels). Return the file's name.
    """
    quantization = required("onnxruntime.quantization")
    logging.getLogger().addFilter(_is_no_advice)
    try:
        quantization.quantize_static(
            _as_onnx(classifier),
            folder / FILE,
            _reader(quantization.CalibrationDataReader, photos),
            per_channel=True,
            weight_type=quantization.QuantType.QInt8,
            activation_type=quantization.QuantType.QUInt8,
        )
    finally:
        logging.getLogger().removeFilter(_is_no_advice)
    return FILE


def _is_no_advice(record: logging.LogRecord) -> bool:
    return "pre-processing before quantization" not in record.getMessage()


def _reader(base: type, photos: np.ndarray) -> Any:
    """Return what ONNX Runtime reads photos from."""

    class Photos(base):  # type: ignore[misc]  # the library is loaded only here
        def __init__(self) -> None:
            self._left: Iterator[np.ndarray] = iter(photos[:, None])

        def get_next(self) -> dict[str, np.ndarray] | None:
            image = next(self._left, None)
            return None if image is None else {IMAGES: image}

    return Photos()


def _as_onnx(classifier: Classifier) -> Any:
    """Return an ONNX model of images, uint8 (n, height, width, channels), to probabilities, float32 (n, classes)."""
    if hasattr(classifier.model, "predict_proba"):
        return _of_pipeline(classifier.model, classifier.preprocessing.shape)
    from pixelproof.export.graph import converted

    required("tf2onnx")  # here, since what is missing is no fault of a layer
    return converted(classifier.model, _of_function, "ONNX")


def _of_function(model: Any, function: Any) -> Any:
    """Return a tf.function in ONNX. Raises whatever tf2onnx, or ONNX Runtime with two images, raises."""
    tf2onnx, runtime = required("tf2onnx"), required("onnxruntime")
    logging.getLogger("tf2onnx").setLevel(logging.ERROR)  # it tells its steps
    proto, _ = tf2onnx.convert.from_function(
        function, function.input_signature, opset=OPSET, custom_op_handlers={"Erfc": (_erfc, [])}
    )
    session = runtime.InferenceSession(proto.SerializeToString(), providers=["CPUExecutionProvider"])
    session.run(None, {tensor.name: _zeros(tensor) for tensor in session.get_inputs()[: len(function.input_signature)]})
    return proto


def _zeros(tensor: Any) -> np.ndarray:
    """Return two images, or what a layer makes of two, as an input of ONNX Runtime takes them."""
    shape = [side if isinstance(side, int) else 2 for side in tensor.shape]
    return np.zeros(shape, np.uint8 if tensor.type == "tensor(uint8)" else np.float32)


def _erfc(graph: Any, node: Any, name: str, arguments: Any) -> None:
    """Write erfc, of which TensorFlow makes GELU, as 1 - erf: ONNX has no other."""
    shape, dtype = graph.get_shape(node.output[0]), graph.get_dtype(node.output[0])
    graph.remove_node(node.name)
    one = graph.make_const(f"{name}/one", np.array(1, np.float32)).output[0]
    erf = graph.make_node("Erf", node.input, shapes=[shape], dtypes=[dtype], name=f"{name}/erf").output[0]
    graph.make_node("Sub", [one, erf], outputs=node.output, shapes=[shape], dtypes=[dtype], name=name)


def _of_pipeline(pipeline: Any, shape: tuple[int, int, int]) -> Any:
    """Return the MLP in ONNX, with the steps before it that turn images into rows of float32."""
    onnx, skl2onnx = required("onnx"), required("skl2onnx")
    features = int(np.prod(shape))
    rows = [("rows", skl2onnx.common.data_types.FloatTensorType([None, features]))]
    proto = skl2onnx.to_onnx(pipeline, initial_types=rows, options={"zipmap": False}, target_opset=OPSET)
    graph, make = proto.graph, onnx.helper
    steps = [
        make.make_node("Cast", [IMAGES], ["pixels"], to=onnx.TensorProto.FLOAT),
        make.make_node("Reshape", ["pixels", "row_shape"], ["rows"]),
        *graph.node,
    ]
    images = make.make_tensor_value_info(IMAGES, onnx.TensorProto.UINT8, ["n", *shape])
    outputs = [output for output in graph.output if output.name == PROBABILITIES]
    row_shape = onnx.numpy_helper.from_array(np.array([-1, features], np.int64), "row_shape")
    whole = make.make_graph(steps, "mlp", [images], outputs, [row_shape, *graph.initializer])
    model = make.make_model(whole, opset_imports=proto.opset_import, ir_version=proto.ir_version)
    return _without_unused(onnx, model)


def _without_unused(onnx: Any, model: Any) -> Any:
    """Leave out what only the label needs, which is no output."""
    needed = {PROBABILITIES}
    for node in reversed(model.graph.node):
        if needed & set(node.output):
            needed |= set(node.input)
    kept = [node for node in model.graph.node if needed & set(node.output)]
    weights = [weight for weight in model.graph.initializer if weight.name in needed]
    del model.graph.node[:], model.graph.initializer[:]
    model.graph.node.extend(kept)
    model.graph.initializer.extend(weights)
    onnx.checker.check_model(model)
    return model
