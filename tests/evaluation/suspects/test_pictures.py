"""Bad pictures are found among good ones, and a set of plain drawings is not taken for one of blank photos."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis.extra.numpy import arrays
from scipy.stats import entropy

from pixelproof.evaluation.answers.corruptions import corrupt
from pixelproof.evaluation.suspects.pictures import MOST_ENTROPY, bad_pictures, picture_scores
from tests.support.photos import picture

RNG = np.random.default_rng(11)


def photos(count: int, side: int = 48) -> np.ndarray:
    """Return sharp pictures in colour, uint8 (count, side, side, 3)."""
    return np.stack([np.asarray(picture(side, side, seed=seed).resize((side, side))) for seed in range(count)])


def drawings(count: int) -> np.ndarray:
    """Return white strokes on black, as digits are: most of an image is of one value."""
    images = np.zeros((count, 28, 28, 1), np.uint8)
    for image in images:
        for _ in range(3):
            row, column = RNG.integers(4, 20, 2)
            image[row : row + 2, column : column + 8] = RNG.integers(180, 256)
    return images


def square(count: int) -> pd.DataFrame:
    return pd.DataFrame({"height": [100] * count, "width": [100] * count})


@pytest.mark.parametrize("images", [photos(60), drawings(60)], ids=["photos", "drawings"])
def test_planted_pictures_are_listed_and_no_others(images: np.ndarray) -> None:
    """Else a person would look through good photos for bad ones."""
    bad = images.copy()
    bad[:3] = corrupt(images[:3], "brightness", 0.15, RNG)
    bad[3:6] = corrupt(images[3:6], "blur_px", 4, RNG)
    bad[6:9] = 90
    bad[9:12] = 255 - images[9:12] // 60
    found = bad_pictures(picture_scores([bad[:20], bad[20:]], square(len(bad))))
    for kind, planted in {"dark": (0, 1, 2), "blurred": (3, 4, 5), "blank": (6, 7, 8), "bright": (9, 10, 11)}.items():
        assert set(np.flatnonzero(found[kind])) >= set(planted), kind
    assert not found.iloc[12:].to_numpy().any()
    assert not found.iloc[6:9]["blurred"].any()


def test_a_strange_shape_is_one_among_usual_ones() -> None:
    """A set of panoramas is no set of mistakes."""
    images = photos(40)
    sizes = square(40)
    sizes.loc[5, "width"] = 500
    found = bad_pictures(picture_scores([images], sizes))
    assert np.flatnonzero(found["odd shape"]).tolist() == [5]
    wide = sizes.assign(width=500)
    assert not bad_pictures(picture_scores([images], wide))["odd shape"].any()


@settings(max_examples=25)
@given(arrays(np.uint8, (1, 7, 9, 1)))
def test_scores_are_those_of_scipy_and_numpy(image: np.ndarray) -> None:
    """The definitions of the docstring, by other code."""
    scores = picture_scores([image], square(1)).iloc[0]
    counts = np.unique(image, return_counts=True)[1]
    assert scores["blank"] == pytest.approx(entropy(counts, base=2) / MOST_ENTROPY)
    ordered = np.sort(image.ravel()) / 255
    assert scores["dark"] == pytest.approx(np.quantile(ordered, 0.99))
    assert scores["bright"] == pytest.approx(1 - np.quantile(ordered, 0.05))
    assert scores["blurred"] >= 0
