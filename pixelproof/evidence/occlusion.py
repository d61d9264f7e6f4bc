"""Occlusion: how much the probability of a class falls where a part of the image is hidden.

Zeiler and Fergus, "Visualizing and Understanding Convolutional Networks", ECCV 2014,
https://doi.org/10.1007/978-3-319-10590-1_53, section 4.2. Takes any network, since it only asks for answers.
"""

from collections.abc import Iterator
from itertools import product

import numpy as np

from pixelproof.inference.classifier import AT_ONCE, Network

STEPS = 14  # of the patch along a side
STEPS_PER_PATCH = 3  # so that nine patches hide each pixel, in turn


def occlusion(network: Network, image: np.ndarray, label: int) -> np.ndarray:
    """Return how much each pixel's being hidden lowers the probability of class number `label`.

    image    uint8 (height, width, channels); what is hidden gets the image's mean colour
    Returns  float32 (height, width): the mean over the patches that hide the pixel; below 0 where that raises it
    """
    patches = list(_patches(image.shape[0], image.shape[1]))
    known = network(image[np.newaxis])[0, label]
    falls, times = (np.zeros(image.shape[:2], np.float32) for _ in range(2))
    for start in range(0, len(patches), AT_ONCE):
        some = patches[start : start + AT_ONCE]
        for patch, fall in zip(some, known - network(_hidden(image, some))[:, label], strict=True):
            falls[patch] += fall
            times[patch] += 1
    mean: np.ndarray = falls / times
    return mean


def _patches(height: int, width: int) -> Iterator[tuple[slice, slice]]:
    return product(_spans(height), _spans(width))


def _spans(side: int) -> list[slice]:
    """Return where patches begin and end along a side; those at its ends are cut off there."""
    step = max(1, round(side / STEPS))
    begins = range(step * (1 - STEPS_PER_PATCH), side, step)
    return [slice(max(0, begin), min(side, begin + STEPS_PER_PATCH * step)) for begin in begins]


def _hidden(image: np.ndarray, patches: list[tuple[slice, slice]]) -> np.ndarray:
    mean = image.mean(axis=(0, 1)).round().astype(np.uint8)
    images = np.repeat(image[np.newaxis], len(patches), axis=0)
    for copy, patch in zip(images, patches, strict=True):
        copy[patch] = mean
    return images
