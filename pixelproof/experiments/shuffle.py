"""Images with one fixed permutation of their pixels: to a fully connected layer they are as good as the originals."""

from dataclasses import dataclass

import numpy as np

from pixelproof.data.augment.fresh import FreshViews
from pixelproof.data.images.store import Images, ImageShape, ImageStore

Order = np.ndarray[tuple[int], np.dtype[np.int64]]  # (height * width,): which pixel is at each position


def draw_order(shape: ImageShape, *, seed: int) -> Order:
    """Draw a permutation of the pixels of images of `shape` (height, width, channels)."""
    return np.random.default_rng([seed, 2]).permutation(shape[0] * shape[1])


@dataclass(frozen=True)
class ShuffledStore(ImageStore):
    """An image store whose images have their pixels in `order`; the channels of a pixel stay together."""

    order: Order

    @classmethod
    def of(cls, store: ImageStore, order: Order) -> "ShuffledStore":
        return cls(store.index, store.shape, store.classes, store.made_with, store.accepts, store.shards, order)

    def gather(self, positions: np.ndarray) -> Images:
        return _permuted(super().gather(positions), self.order)


@dataclass(frozen=True)
class ShuffledViews(FreshViews):
    """Fresh views whose pixels are put in `order` after drawing."""

    order: Order

    @classmethod
    def of(cls, views: FreshViews, order: Order) -> "ShuffledViews":
        return cls(views.store, views.training, views.params, order)

    def gather(self, positions: np.ndarray, *, seed: int, view: int) -> Images:
        return _permuted(super().gather(positions, seed=seed, view=view), self.order)


def _permuted(images: Images, order: Order) -> Images:
    pixels = images.reshape(len(images), -1, images.shape[3])
    return pixels[:, order].reshape(images.shape)
