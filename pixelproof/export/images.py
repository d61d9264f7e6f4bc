"""The images on which exports are proved, and those that set the ranges of 8-bit integers."""

from dataclasses import dataclass

import numpy as np

from pixelproof.data.images.parts import positions, read_splits
from pixelproof.data.images.store import ImageStore
from pixelproof.errors import UserError
from pixelproof.inference.preprocessing import Preprocessing
from pixelproof.paths import RESIZED, SPLITS

REPRESENTATIVE = 200  # photos; with more, the ranges hardly grow
RANDOM = 256  # images, where there is no test part


@dataclass(frozen=True)
class ProofImages:
    """Images, uint8 (n, height, width, channels), and their class numbers; None for images that nobody has labelled."""

    images: np.ndarray
    labels: np.ndarray | None
    words: str


def proof_images(preprocessing: Preprocessing) -> ProofImages:
    """Return this project's test part; random pixels where there is none, or not of this model's classes and size."""
    store = _store(preprocessing)
    if store is not None:
        where = positions(store.index, read_splits(SPLITS), "test")
        return ProofImages(store.gather(where), store.labels[where], "the test part")
    pixels = np.random.default_rng(0).integers(0, 256, (RANDOM, *preprocessing.shape), dtype=np.uint8)
    return ProofImages(pixels, None, "random pixels, for want of a test part of this model: no proof of accuracy")


def representative_photos(preprocessing: Preprocessing) -> np.ndarray:
    """Return photos of the training part, uint8 (n, height, width, channels), from all of it.

    Raises UserError where there is none of this model's classes and size.
    """
    store = _store(preprocessing)
    if store is None:
        raise UserError(
            f"--int8: the ranges of 8-bit integers need photos of the training part, and {RESIZED} has none of this "
            "model's classes and size. Export it in the project that trained it, or without --int8."
        )
    where = positions(store.index, read_splits(SPLITS), "train")
    return store.gather(where[:: max(1, len(where) // REPRESENTATIVE)][:REPRESENTATIVE])


def _store(preprocessing: Preprocessing) -> ImageStore | None:
    """Return this project's images, where they are what the model was made for."""
    if not (SPLITS.is_file() and (RESIZED / "store.json").is_file()):
        return None
    store = ImageStore.open(RESIZED)
    own = {key: getattr(preprocessing, key) for key in ("height_px", "width_px", "colour", "fit")}
    is_same = store.classes == preprocessing.classes and own.items() <= store.made_with.items()
    return store if is_same else None
