"""A network whose answer is the mean of those to an image and to its mirror image."""

import keras

NAME = "mirrored"


def with_flip_averaging(network: keras.Model) -> keras.Model:
    """Return a model of the same input and output, and the same weights, that asks the network twice."""
    images = keras.Input(network.input_shape[1:], name="images")
    answers = [network(images), network(keras.ops.flip(images, axis=2))]
    return keras.Model(images, keras.layers.Average(name="average")(answers), name=NAME)


def without_flip_averaging(model: keras.Model) -> keras.Model:
    """Return the network itself, with its layers, whether or not its answers are averaged."""
    return next(layer for layer in model.layers if isinstance(layer, keras.Model)) if model.name == NAME else model
