"""Grad-CAM: where the last maps of a CNN raise the score of a class.

Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization", ICCV 2017,
https://doi.org/10.1109/ICCV.2017.74, equations 1 and 2.
"""

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np

from pixelproof.evidence.graph import Halves, flips, halves, mirrored, scores


@dataclass(frozen=True)
class GradCam:
    """A CNN that can be asked where it saw a class."""

    model: keras.Model
    _halves: Halves

    @classmethod
    def of(cls, model: keras.Model) -> "GradCam | None":
        """Return None for a network without maps, and under a backend of Keras other than TensorFlow."""
        network, _ = flips(model)
        cut = halves(network) if keras.backend.backend() == "tensorflow" else None
        return cls(model, cut) if cut else None

    @property
    def layer(self) -> str:
        """Whose output the maps are."""
        return self._halves.layer

    def __call__(self, image: np.ndarray, label: int) -> np.ndarray:
        """Return how much each place raises the score of class number `label`: float32 (rows, columns), 0 or more.

        image  uint8 (height, width, channels). The score is the logit, not the probability: that of a sure answer
        hardly changes any more. The second class of a sigmoid head has its logit, the first one its opposite. Of a
        network that averages over mirror images it is the mean of both, the second turned back.
        """
        network, sides = flips(self.model)
        maps = []
        for flip in sides:
            images = image[np.newaxis].astype(np.float32)
            seen = _map(self._halves, network, mirrored(images) if flip else images, label)
            maps.append(seen[:, ::-1] if flip else seen)
        mean: np.ndarray = np.mean(maps, axis=0)
        return mean


def _map(cut: Halves, network: keras.Model, images: np.ndarray, label: int) -> np.ndarray:
    maps, slopes = _slopes(cut, images, lambda features: _score(scores(features, network), label))
    weights = slopes.mean(axis=(0, 1))  # of each channel: equation 1
    seen: np.ndarray = np.maximum((maps * weights).sum(axis=2), 0)  # equation 2
    return seen


def _score(logits: keras.KerasTensor, label: int) -> keras.KerasTensor:
    if logits.shape[1] > 1:
        return logits[:, label]
    return logits[:, 0] if label == 1 else -logits[:, 0]


def _slopes(
    cut: Halves, images: np.ndarray, score: Callable[[keras.KerasTensor], keras.KerasTensor]
) -> tuple[np.ndarray, np.ndarray]:
    """Return the maps of one image and the gradients of its score in them, both float32 (rows, columns, channels)."""
    import tensorflow as tf

    maps = cut.before(images, training=False)
    with tf.GradientTape(watch_accessed_variables=False) as tape:
        tape.watch(maps)
        reached = score(cut.behind(maps, training=False))
    slopes = tape.gradient(reached, maps)
    return tuple(tf.cast(each[0], tf.float32).numpy() for each in (maps, slopes))
