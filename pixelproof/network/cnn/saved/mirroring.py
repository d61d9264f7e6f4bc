"""A network that averages its predictions for an image and its mirror image."""

import keras

NAME = "mirrored"


def with_flip_averaging(network: keras.Model) -> keras.Model:
    """Return a model with the same input, output and weights that runs the network twice."""
    images = keras.Input(network.input_shape[1:], name="images")
    predictions = [network(images), network(keras.ops.flip(images, axis=2))]
    return keras.Model(images, keras.layers.Average(name="average")(predictions), name=NAME)


def without_flip_averaging(model: keras.Model) -> keras.Model:
    """Return the network itself, whether or not `model` wraps it for flip averaging."""
    return next(layer for layer in model.layers if isinstance(layer, keras.Model)) if model.name == NAME else model
