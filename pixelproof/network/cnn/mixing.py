"""Mixup and CutMix; what is drawn for a step is a pure function of the seed and the step."""

from typing import NamedTuple

import numpy as np

from pixelproof.params.cnn import Cnn

PURPOSE = 0x6D6978  # separates these draws from others of the same seed


class Mixed(NamedTuple):
    """A batch in which each image is mixed with a partner from the same batch."""

    images: np.ndarray  # (n, height, width, channels), float32 after mixup and uint8 after cutmix; pixels 0-255
    partners: np.ndarray  # (n,) positions in the batch
    share: float  # of the image itself; one number for the batch

    def soft(self, targets: np.ndarray) -> np.ndarray:
        """Return the targets (n, classes) float32 of the mixed images, from those of the images."""
        mixed: np.ndarray = np.float32(self.share) * targets + np.float32(1 - self.share) * targets[self.partners]
        return mixed


def mix(images: np.ndarray, params: Cnn, *, seed: int, step: int) -> Mixed:
    """Mix the uint8 images (n, height, width, channels) as params ask; unchanged if they ask for nothing."""
    random = np.random.default_rng([seed, step, PURPOSE])
    if params.mixup:
        return mixup(images, params.mixup.alpha, random)
    if params.cutmix:
        return cutmix(images, params.cutmix.alpha, random)
    return Mixed(images, np.arange(len(images)), 1.0)


def mixup(images: np.ndarray, alpha: float, random: np.random.Generator) -> Mixed:
    """Blend each image with its partner (Zhang et al. 2017, arXiv:1710.09412)."""
    share, partners = random.beta(alpha, alpha), random.permutation(len(images))
    mixed = np.empty(images.shape, np.float32)
    for image, partner, into in zip(images, images[partners], mixed, strict=True):  # one at a time fits the cache
        np.multiply(image, np.float32(share), out=into)
        into += partner * np.float32(1 - share)
    return Mixed(mixed, partners, share)


def cutmix(images: np.ndarray, alpha: float, random: np.random.Generator) -> Mixed:
    """Paste a rectangle of its partner into each image, at the same place (Yun et al. 2019, arXiv:1905.04899)."""
    share, partners = random.beta(alpha, alpha), random.permutation(len(images))
    rows, columns = (_interval(side, (1 - share) ** 0.5, random) for side in images.shape[1:3])
    mixed = images.copy()
    mixed[:, rows, columns] = images[partners, rows, columns]
    covered = (rows.stop - rows.start) * (columns.stop - columns.start) / (images.shape[1] * images.shape[2])
    return Mixed(mixed, partners, 1 - covered)


def _interval(side: int, share: float, random: np.random.Generator) -> slice:
    """Return an interval around a random pixel, clipped at the edges, so that corners are covered too."""
    middle, length = int(random.integers(side)), round(side * share)
    start = middle - length // 2
    return slice(max(start, 0), min(max(start + length, 0), side))
