"""The patches that excite a map most, and what is said of selectivity by depth."""

import json

import numpy as np
import pytest

from pixelproof.explain.page.seeking import NOTHING, SIDE, Field, patch, seeking
from pixelproof.explain.tracing.excited import MOST, ExcitedLayer
from pixelproof.network.plan.plan import plan_cnn
from tests.support.networks import FLATTEN, network

IMAGES = np.random.default_rng(1).integers(0, 256, (12, 10, 8, 1), dtype=np.uint8)
CONV = {"kind": "conv", "filters": 12, "kernel": 3, "padding": "same"}
PLAN = json.loads(json.dumps(plan_cnn(network(a=CONV, b=CONV, flatten=FLATTEN), (10, 8, 1), 2).as_json()))


@pytest.mark.parametrize("place", [(0, 0), (4, 3), (9, 7)])
def test_a_patch_is_what_an_output_sees(place: tuple[int, int]) -> None:
    """Grey lies outside the photo; expected is the photo with a grey frame, cut by hand."""
    framed = np.pad(IMAGES[0], ((1, 1), (1, 1), (0, 0)), constant_values=NOTHING)
    row, column = place
    own = patch(IMAGES[0], place, Field((3, 3), (1, 1), (-1, -1)))
    np.testing.assert_array_equal(own, framed[row : row + 3, column : column + 3])


def test_a_field_wider_than_the_photo_shows_all_of_it() -> None:
    """Else the photo would lie somewhere in a field of grey."""
    wide = patch(IMAGES[0], (1, 1), Field((40, 3), (2, 2), (-20, 0)))
    np.testing.assert_array_equal(wide, IMAGES[0][:, 2:5])


def layer(name: str, means: np.ndarray) -> ExcitedLayer:
    maps = means.shape[1]
    photos = np.tile(np.arange(MOST), (maps, 1))
    photos[-1] = -1
    return ExcitedLayer(
        name, photos, np.full((maps, MOST, 2), 4), np.ones((maps, MOST), np.float32), means.astype(np.float64)
    )


GENERAL = np.stack([np.linspace(1.0, 1.1, 12), np.full(12, 1.0)])
SPECIFIC = np.stack([np.linspace(5.0, 6.0, 12), np.full(12, 1.0)])


@pytest.mark.parametrize(
    ("first", "last", "said"),
    [
        (GENERAL, SPECIFIC, "bears that out"),
        (SPECIFIC, GENERAL, "does the opposite"),
        (GENERAL, GENERAL, "chance can explain"),
        (-GENERAL, SPECIFIC, "nothing can be said"),
    ],
)
def test_the_verdict_follows_the_numbers(first: np.ndarray, last: np.ndarray, said: str) -> None:
    """Else the page would repeat the article, whatever the user's network does."""
    found = seeking([layer("a", first), layer("b", last)], PLAN, lambda at: IMAGES[at], ["cat", "dog"])
    assert said in found["verdict"]
    assert (found["chart"] is None) == (first is -GENERAL or first.min() < 0)


def test_the_squares_show_the_nine_patches_of_each_map() -> None:
    """Else pictures would stand under another map."""
    found = seeking([layer("b", SPECIFIC)], PLAN, lambda at: IMAGES[at], ["cat", "dog"])
    (shown,) = found["layers"]
    assert (shown.field, shown.of, len(shown.maps)) == ("5 × 5", 12, 12)
    assert shown.maps[0].says == "class cat, 0.67"
    corner = shown.maps[0].patches[:SIDE, :SIDE]
    np.testing.assert_array_equal(np.unique(corner), np.unique(IMAGES[0][2:7, 2:7]))
    assert (shown.maps[-1].patches == 255).all(), "a map that no photo excites has no patch"
