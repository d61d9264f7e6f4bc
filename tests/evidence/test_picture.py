"""What the picture of an answer's evidence shows."""

from pathlib import Path

import numpy as np
from PIL import Image

from pixelproof.evidence.heat import overlay
from pixelproof.evidence.neighbours import Neighbour
from pixelproof.evidence.picture import TILE_PX, _maps, _nearest, write_picture
from pixelproof.evidence.witness import Evidence

CLASSES = ["ape", "bee", "猫"]
IMAGE = np.full((10, 14, 3), 128, np.uint8)
CORNER = np.zeros((5, 7), np.float32)
CORNER[0, 0], CORNER[4, 6] = 2, -2


def evidence(gradcam: np.ndarray | None = CORNER, nearest: list[Neighbour] | None = None) -> Evidence:
    return Evidence(IMAGE, np.array([0.1, 0.7, 0.2], np.float32), gradcam, CORNER, nearest)


def texts(found: Evidence) -> str:
    tiles = [*_maps(found, CLASSES), *_nearest(found)]
    return "\n".join(text for tile in tiles for text in (tile.name, tile.detail, tile.instead))


def test_what_spoke_for_it_is_orange_and_what_spoke_against_it_blue() -> None:
    """Swapped, every picture would say the opposite."""
    picture = np.asarray(overlay(IMAGE, CORNER, 140)).astype(int)
    assert picture.shape == (100, 140, 3)
    (red, _, blue), (against_red, _, against_blue), middle = picture[2, 2], picture[-3, -3], picture[50, 70]
    assert red > blue + 100
    assert against_blue > against_red + 100
    assert len(set(middle)) == 1, "where nothing spoke, the photo stays grey"


def test_a_map_of_nothing_leaves_the_photo_as_it_is() -> None:
    """A division by zero would paint it black, or end the program."""
    picture = np.asarray(overlay(IMAGE, np.zeros((5, 7), np.float32), 140))
    np.testing.assert_array_equal(picture, np.full((100, 140, 3), 128))


def test_it_says_what_is_missing() -> None:
    """An empty tile would be taken for a fault."""
    assert "no training photos here" in texts(evidence())
    assert "no Grad-CAM" in texts(evidence(None))
    assert "Grad-CAM is empty: no place speaks for bee" in texts(evidence(np.zeros((5, 7), np.float32)))


def test_it_says_how_near_the_nearest_are() -> None:
    """Else a far one would be taken for an example of the same."""
    near = [Neighbour("a/1.png", "ape", IMAGE, 0.0), Neighbour("b/2.png", "bee", IMAGE, 0.25)]
    said = texts(evidence(nearest=near))
    assert "ape, the same photo" in said
    assert "bee, distance 0.250" in said
    assert "b/2.png" in said


def test_a_picture_is_as_wide_for_every_photo(tmp_path: Path) -> None:
    """So that a folder of them can be leafed through; and a class in any script is drawn."""
    for number, found in enumerate((evidence(), evidence(None, [Neighbour("x", "猫", IMAGE, 0.5)] * 4))):
        write_picture(found, CLASSES, "folder/photo.jpg", tmp_path / f"{number}.png")
    wide = set()
    for path in tmp_path.iterdir():
        with Image.open(path) as picture:
            wide.add(picture.width)
    assert len(wide) == 1
    assert wide.pop() > 4 * TILE_PX
