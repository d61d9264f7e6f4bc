"""Images whose pixels went through one fixed permutation."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pixelproof.data.images.store import ImageStore, StoreWriter
from pixelproof.experiments.shuffle import ShuffledStore, draw_order

SHAPE = (4, 6, 3)


@pytest.fixture
def store(tmp_path: Path) -> ImageStore:
    index = pd.DataFrame({"id": ["a", "b", "c"], "label": ["x", "y", "x"]})
    images = np.random.default_rng(1).integers(0, 256, (3, *SHAPE), dtype=np.uint8)
    StoreWriter(tmp_path / "store", index, SHAPE, ["x", "y"], {}).write(0, images)
    return ImageStore.open(tmp_path / "store")


@given(st.integers(1, 40), st.integers(1, 40), st.integers(0, 2**31))
def test_an_order_holds_every_pixel_once(height: int, width: int, seed: int) -> None:
    """Else pixels would be lost, and the MLP lose accuracy for another reason than the experiment's."""
    assert sorted(draw_order((height, width, 3), seed=seed)) == list(range(height * width))


def test_every_image_goes_through_the_same_permutation_of_whole_pixels(store: ImageStore) -> None:
    """Else no model could learn anything, and the MLP's loss would seem to speak against the article."""
    order = draw_order(SHAPE, seed=7)
    plain, shuffled = store.gather(np.arange(3)), ShuffledStore.of(store, order).gather(np.arange(3))
    for image, mixed in zip(plain, shuffled, strict=True):
        assert (mixed.reshape(-1, 3) == image.reshape(-1, 3)[order]).all()
        assert (mixed != image).any()


def test_labels_and_everything_else_stay(store: ImageStore) -> None:
    """Else the two conditions would differ in more than the order of the pixels."""
    shuffled = ShuffledStore.of(store, draw_order(SHAPE, seed=7))
    assert (shuffled.labels == store.labels).all()
    assert (shuffled.shape, shuffled.classes, len(shuffled)) == (store.shape, store.classes, len(store))
