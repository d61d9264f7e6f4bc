"""The matrix of photos shows each confusion, and of many classes those that are confused."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from pixelproof.data.images.store import ImageStore
from pixelproof.explain.pictures.confusion import MOST_CLASSES, TILE_PX, most_confused, write_confusions

GAP = 6


def store_of(images: np.ndarray) -> ImageStore:
    index = pd.DataFrame({"id": [f"p{n}" for n in range(len(images))], "label": "a", "shard": 0})
    return ImageStore(index.assign(row=range(len(images))), images.shape[1:], ["a", "b"], {}, {}, [images])


def test_a_cell_has_its_surest_photo_and_an_empty_one_has_none(tmp_path: Path) -> None:
    """Else the picture would show a photo where there is no such mistake, or a weak one."""
    images = np.zeros((4, 8, 8, 3), np.uint8)
    images[0, ..., 0] = images[1, ..., 1] = images[2, ..., 2] = 255  # red, green, blue
    answers = pd.DataFrame({"id": ["p0", "p1", "p2"], "label": ["a", "a", "a"], "predicted": ["a", "b", "b"]})
    answers = answers.assign(p_a=[0.9, 0.4, 0.1], p_b=[0.1, 0.6, 0.9])
    write_confusions(answers, ["a", "b"], store_of(images), tmp_path / "matrix.png")
    pixels = np.asarray(Image.open(tmp_path / "matrix.png"))
    red, blue, green = (
        np.argwhere((pixels == colour).all(axis=2)) for colour in ((255, 0, 0), (0, 0, 255), (0, 255, 0))
    )
    assert len(red) == len(blue) == TILE_PX**2
    assert len(green) == 0
    assert red[0][0] == blue[0][0], "one row: both are of class a"
    assert blue[0][1] - red[0][1] == TILE_PX + GAP


@pytest.mark.parametrize("count", [3, 40])
def test_the_most_confused_classes_are_shown_in_their_order(count: int) -> None:
    """A sheet of 40 by 40 photos shows nothing."""
    classes = [f"c{number:02d}" for number in range(count)]
    answers = pd.DataFrame({"label": [classes[-1], classes[0]], "predicted": [classes[1], classes[0]]})
    shown = most_confused(answers, classes)
    assert len(shown) == min(count, MOST_CLASSES)
    assert {classes[-1], classes[1]} <= set(shown)
    assert shown == sorted(shown)
