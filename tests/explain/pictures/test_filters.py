import numpy as np

from pixelproof.explain.pictures.filters import BLUR, EDGE, SHARPEN, UPRIGHT, classic_filters, colour_filter

HALVES = np.zeros((8, 8, 1), np.uint8)
HALVES[:, 4:] = 200


def inside(picture: np.ndarray) -> np.ndarray:
    """Leave out the border, where the zeros around the photo count."""
    return picture[2:-2, 2:-2, 0]


def test_edges_are_found_where_they_are_and_nowhere_else() -> None:
    """The picture on the page must show edges."""
    for found in (EDGE.apply(HALVES), UPRIGHT.apply(HALVES)):
        assert inside(found).max(axis=0).tolist()[0] == 0
        assert inside(found).max() == 255
        assert inside(found)[:, -1].tolist() == [0] * 4


def test_blur_and_sharpen_leave_an_even_area_as_it_is() -> None:
    """Their weights sum to one; else the photo would get brighter or darker."""
    even = np.full((9, 9, 3), 77, np.uint8)
    for weights in (BLUR, SHARPEN):
        assert np.unique(weights.apply(even)[2:-2, 2:-2]).tolist() == [77]


def test_filtered_photos_keep_their_size_and_channels() -> None:
    """They are shown side by side with the photo."""
    photo = np.random.default_rng(0).integers(0, 256, (7, 5, 3), dtype=np.uint8)
    for each in classic_filters(3):
        channels = 1 if each.weights.ndim == 3 else 3
        assert each.apply(photo).shape == (7, 5, channels)
        assert each.apply(photo).dtype == np.uint8


def test_a_colour_filter_finds_its_colour() -> None:
    """White holds all three, so it is no answer to red."""
    photo = np.array([[[255, 0, 0], [0, 255, 0], [255, 255, 255]]], np.uint8)
    assert colour_filter(0).apply(photo)[0, :, 0].tolist() == [255, 0, 0]


def test_grey_photos_have_no_colour_filters() -> None:
    """There is one channel only."""
    assert [each.name for each in classic_filters(1)] == ["edge", "upright edge", "sharpen", "blur"]
