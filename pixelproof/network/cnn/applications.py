"""Backbones in Keras: the models of keras.applications, and the input scaling that each expects."""

import warnings
from typing import Any

import keras

from pixelproof.errors import UserError
from pixelproof.network.cnn.layout.backbones import table_entry, trained_layers
from pixelproof.network.cnn.layout.layers import Shape
from pixelproof.params.cnn import Backbone

# What keras.applications.imagenet_utils.preprocess_input computes (a test compares), as layers of the saved model.
BLUE_GREEN_RED_MEAN = (103.939, 116.779, 123.68)
RED_GREEN_BLUE_MEAN, RED_GREEN_BLUE_DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def preprocess(images: Any, backbone: Backbone | None) -> Any:
    """Scale pixels 0-255 as the network expects them: to 0-1, or as its backbone was trained.

    `images`: a symbolic tensor (n, height, width, channels). For a backbone grey images get three equal channels.
    """
    if backbone is None:
        return keras.layers.Rescaling(1 / 255, name="scale")(images)
    if images.shape[-1] == 1:
        images = keras.layers.Concatenate(name="grey_to_rgb")([images] * 3)
    match table_entry(backbone)["preprocessing"]:
        case "tf":
            return keras.layers.Rescaling(1 / 127.5, offset=-1, name="scale")(images)
        case "torch":
            scale = [1 / (255 * deviation) for deviation in RED_GREEN_BLUE_DEVIATION]
            pairs = zip(RED_GREEN_BLUE_MEAN, RED_GREEN_BLUE_DEVIATION, strict=True)
            return keras.layers.Rescaling(scale, [-mean / deviation for mean, deviation in pairs], name="scale")(images)
        case "caffe":
            offset = [-mean for mean in BLUE_GREEN_RED_MEAN]
            return keras.layers.Rescaling(1.0, offset, name="scale")(keras.ops.flip(images, axis=-1))
    return images  # the model scales them itself


def backbone_model(backbone: Backbone, shape: Shape) -> keras.Model:
    """Return the model without its head, named `backbone`; only the layers that params.yaml asks for are trainable.

    Batch normalisation stays frozen: Keras then also keeps its moving averages, which small batches would spoil. Keras
    downloads the `imagenet` weights once. Raises UserError for a weights file of another model.
    """
    make = getattr(keras.applications, backbone.name)
    weights = "imagenet" if backbone.weights == "imagenet" else None
    model = make(weights=weights, include_top=False, input_shape=tuple(shape), name="backbone")
    if backbone.weights not in ("imagenet", "none"):
        _load_weights(model, backbone)
    trained = set(trained_layers(backbone))
    for layer in model.layers:
        layer.trainable = layer.name in trained
    return model


def _load_weights(model: keras.Model, backbone: Backbone) -> None:
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("error", ".*freshly-initialized", UserWarning)  # skipped ones stay random
            model.load_weights(backbone.weights)
    except (OSError, ValueError, KeyError, UserWarning) as error:
        reason = str(error).strip().splitlines()[0] if str(error) else type(error).__name__
        raise UserError(
            f"cnn.backbone.weights: {backbone.weights!r} does not hold the weights of {backbone.name} without its head "
            f"(Keras: {reason}). Expected a file written by Keras's save_weights for that model, or imagenet, or none."
        ) from None
