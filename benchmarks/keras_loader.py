"""Keras's own input pipeline, a contender: photos decoded from their folders, augmented by Keras's layers."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import radians, tan
from pathlib import Path
from typing import Any

import keras
import tensorflow as tf
from keras import layers

from pixelproof.data.images.store import ImageShape
from pixelproof.params.augment import Augment

FILLS = {0: "constant", 4: "reflect"}  # OpenCV's numbers of border modes, as albumentations takes them
Options = Mapping[str, Any]


def guide_layers() -> list[keras.Layer]:
    """Return four augmentation layers such as Keras's guides begin with."""
    return [
        layers.RandomFlip("horizontal"),
        layers.RandomRotation(0.1),
        layers.RandomZoom(0.1),
        layers.RandomContrast(0.1),
    ]


def counterparts(augment: Augment) -> list[keras.Layer]:
    """Return Keras's layers for the transforms of params.yaml, over the same ranges.

    Keras has no affine transform: its rotation, zoom, shear and translation are applied one after the other, each
    bilinear. Only flips, greys and holes have a probability there: the others alter every image. Raises KeyError for a
    transform that no preset has.
    """
    return [layer for each in augment.transforms.values() for layer in COUNTERPARTS[each.kind](each.model_extra or {})]


def _flip(_: Options) -> Iterator[keras.Layer]:
    yield layers.RandomFlip("horizontal")


def _affine(options: Options) -> Iterator[keras.Layer]:
    fill = FILLS[options.get("border_mode", 0)]
    yield layers.RandomRotation([degrees / 360 for degrees in options["rotate"]], fill)
    low, high = (1 / scale - 1 for scale in reversed(options["scale"]))  # Keras: negative is larger
    yield layers.RandomZoom((low, high), fill_mode=fill)
    slope = tan(radians(options["shear"][1]))
    yield layers.RandomShear(slope, slope, fill_mode=fill)
    if moved := options.get("translate_percent"):
        yield layers.RandomTranslation(tuple(moved), tuple(moved), fill)


def _jitter(options: Options) -> Iterator[keras.Layer]:
    brightness, contrast, saturation, hue = (
        options[name][1] for name in ("brightness", "contrast", "saturation", "hue")
    )
    # Keras's saturation of 0.5 leaves an image as it is, 0 and 1 are grey and full.
    saturations = (0.5 - (saturation - 1) / 2, 0.5 + (saturation - 1) / 2)
    yield layers.RandomColorJitter((0, 255), brightness - 1, contrast - 1, saturations, (-hue, hue))


def _grey(options: Options) -> Iterator[keras.Layer]:
    yield layers.RandomGrayscale(options["p"])


def _holes(options: Options) -> Iterator[keras.Layer]:
    low, high = options["hole_height_range"]
    share = options["p"]
    yield layers.RandomErasing((share, share), (low**2, high**2), fill_value=0)


COUNTERPARTS: Mapping[str, Callable[[Options], Iterator[keras.Layer]]] = {
    "Affine": _affine,
    "CoarseDropout": _holes,
    "ColorJitter": _jitter,
    "HorizontalFlip": _flip,
    "ToGray": _grey,
}


def altered_photos(folder: Path, shape: ImageShape, batch_size: int, alterations: Sequence[keras.Layer]) -> Any:
    """Return a tf.data.Dataset of batches, and the number of photos; decoded and augmented again in each epoch."""
    height, width, channels = shape
    photos = keras.utils.image_dataset_from_directory(
        folder,
        image_size=(height, width),
        color_mode="rgb" if channels == 3 else "grayscale",
        batch_size=batch_size,
        verbose=False,
    )

    def altered(images: Any, labels: Any) -> tuple[Any, Any]:
        for alteration in alterations:
            images = alteration(images, training=True)
        return images, labels

    return photos.map(altered, num_parallel_calls=tf.data.AUTOTUNE).prefetch(tf.data.AUTOTUNE), len(photos.file_paths)
