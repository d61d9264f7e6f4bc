"""Equal images in two parts are found, whatever made them equal."""

import hashlib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pixelproof.data.images import store as store_module
from pixelproof.data.images.leaks import check_leaks, find_leaks, image_hashes
from pixelproof.data.images.store import ImageStore, StoreWriter
from pixelproof.errors import UserError

SHAPE = (2, 3, 1)
PARTS = ("train", "valid", "test")


def store_of(pictures: list[int], folder: Path) -> ImageStore:
    """Write a store with an image for each number, equal for equal numbers; four images a shard."""
    index = pd.DataFrame({"id": [f"{n}.png" for n in range(len(pictures))], "label": "a"})
    images = np.stack([np.full(SHAPE, picture, np.uint8) for picture in pictures])
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store_module, "SHARD_BYTES", 4 * int(np.prod(SHAPE)))
        StoreWriter(folder, index, SHAPE, ["a"], {}).write(0, images)
    return ImageStore.open(folder)


def splits_of(parts: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"id": [f"{n}.png" for n in range(len(parts))], "part": parts})


@settings(max_examples=60)
@given(images=st.lists(st.tuples(st.integers(0, 5), st.sampled_from(PARTS)), min_size=1, max_size=20))
def test_the_leaks_are_those_of_comparing_all_with_all(
    images: list[tuple[int, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Else a copy could be trained on and tested with, or sound parts be refused."""
    pictures, parts = [picture for picture, _ in images], [part for _, part in images]
    found = find_leaks(store_of(pictures, tmp_path_factory.mktemp("stores") / "store"), splits_of(parts))
    expected = {
        f"{i}.png": next(f"{j}.png" for j in range(len(images)) if pictures[i] == pictures[j] and parts[i] != parts[j])
        for i in range(len(images))
        if any(pictures[i] == pictures[j] and parts[i] != parts[j] for j in range(len(images)))
    }
    assert dict(zip(found["id"], found["equal_id"], strict=True)) == expected
    assert (found["part"] != found["equal_part"]).all()


def test_the_hashes_are_those_of_the_pixels_in_order(tmp_path: Path) -> None:
    """Else an image would be taken for another one where shards meet."""
    pictures = list(range(11))
    expected = [
        int.from_bytes(hashlib.sha256(bytes([picture] * 6)).digest()[:8], "little" if np.little_endian else "big")
        for picture in pictures
    ]
    assert image_hashes(store_of(pictures, tmp_path / "store")).tolist() == expected


def test_leaks_are_named_with_a_remedy(tmp_path: Path) -> None:
    """Else nobody would know which photos to look at, or what to do."""
    store = store_of([7, 8, 7], tmp_path / "store")
    check_leaks(store, splits_of(["train", "test", "train"]))
    with pytest.raises(UserError) as refused:
        check_leaks(store, splits_of(["train", "test", "test"]))
    message = str(refused.value)
    assert message.startswith("2 images equal an image of another part")
    assert "0.png (train) and 2.png (test)" in message
    assert "near_duplicate_bits" in message


def test_images_that_are_in_no_part_are_not_looked_at(tmp_path: Path) -> None:
    """Else the check of a store with more photos than the split would fail on them."""
    store = store_of([7, 7], tmp_path / "store")
    assert find_leaks(store, splits_of(["train"])).empty
