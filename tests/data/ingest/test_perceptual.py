"""Perceptual hashes stay when a photo is resized or saved again, and differ from photo to photo."""

import io

import numpy as np
import pytest
from PIL import Image

from pixelproof.data.ingest.facts import examine
from pixelproof.data.ingest.perceptual import THUMBNAIL_PX, perceptual_hashes


def scene(seed: int, height: int = 300, width: int = 400) -> np.ndarray:
    """Draw a picture of soft spots, another for each seed."""
    coarse = np.random.default_rng(seed).integers(0, 256, (9, 12, 3), dtype=np.uint8)
    return np.asarray(Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC))


def differing(one: str | None, other: str | None) -> int:
    assert one is not None
    assert other is not None
    return (int(one, 16) ^ int(other, 16)).bit_count()


@pytest.mark.parametrize(("size", "quality"), [((400, 300), 40), ((200, 150), 60), ((120, 90), 75), ((1600, 1200), 90)])
def test_a_resized_and_saved_copy_has_nearly_the_same_hashes(size: tuple[int, int], quality: int) -> None:
    """Else near copies would not be found; the largest is sampled at more points than the others."""
    for seed in range(5):
        file = io.BytesIO()
        Image.fromarray(scene(seed)).resize(size).save(file, "JPEG", quality=quality)
        facts, own = examine(file.getvalue()), perceptual_hashes(scene(seed))
        assert differing(facts.perceptual_hash, own[0]) <= 6
        assert differing(facts.fine_hash, own[1]) <= 40


def test_different_pictures_have_different_hashes() -> None:
    """Else different photos would be one group."""
    hashes = [perceptual_hashes(scene(seed)) for seed in range(30)]
    for number, (coarse, fine) in enumerate(hashes):
        for other_coarse, other_fine in hashes[:number]:
            assert differing(coarse, other_coarse) > 10
            assert differing(fine, other_fine) > 70


def test_a_grey_picture_has_the_hashes_of_its_grey_colours() -> None:
    """Else a grey PNG and its JPEG in RGB would be two photos."""
    grey = scene(1)[..., :1]
    assert perceptual_hashes(grey) == perceptual_hashes(grey.repeat(3, axis=2))


@pytest.mark.parametrize(("height", "width"), [(THUMBNAIL_PX - 1, 400), (400, THUMBNAIL_PX - 1), (28, 28)])
def test_a_tiny_picture_has_no_hash(height: int, width: int) -> None:
    """Else digits and icons, which all look alike from afar, would be taken for copies."""
    assert perceptual_hashes(scene(1, height, width)) == (None, None)
    assert None not in perceptual_hashes(scene(1, THUMBNAIL_PX, THUMBNAIL_PX))


@pytest.mark.parametrize("level", [0, 128, 255])
def test_a_nearly_blank_picture_has_no_hash(level: int) -> None:
    """Else its hash would be the noise of its compression, and blank pages be copies by chance."""
    noise = np.random.default_rng(level).integers(-3, 4, (200, 200, 3))
    assert perceptual_hashes(np.clip(level + noise, 0, 255).astype(np.uint8)) == (None, None)
