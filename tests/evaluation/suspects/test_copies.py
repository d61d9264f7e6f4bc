"""One picture under two labels is found however it was stored; alike pictures are not."""

from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from pixelproof.evaluation.suspects.copies import copies_across_classes, shrunk
from tests.support.photos import picture


def photo(seed: int) -> Image.Image:
    return picture(120, 160, seed=seed).resize((160, 120))


def stored(image: Image.Image, format: str, **options: object) -> Image.Image:
    file = BytesIO()
    image.save(file, format, **options)
    return Image.open(file).convert("RGB")


COPIES = {
    "JPEG again": lambda image: stored(image, "JPEG", quality=40),
    "half as large": lambda image: image.resize((80, 60)),
    "WebP": lambda image: stored(image, "WEBP", quality=50),
    "a little brighter": lambda image: image.point(lambda value: min(255, value * 1.1)),
}


@pytest.mark.parametrize("copied", COPIES)
@pytest.mark.parametrize("batch", [7, 2000])
def test_a_copy_under_another_label_is_found(copied: str, batch: int) -> None:
    """Photos that stand in two class folders of one well-known set teach a network that both are right."""
    images = [photo(seed) for seed in range(30)]
    images += [COPIES[copied](images[4])]
    labels = np.array([0, 1] * 15 + [1])
    small = np.stack([np.asarray(image.resize((64, 64), Image.Resampling.BILINEAR)) for image in images])
    batches = [shrunk(small[start : start + batch]) for start in range(0, len(small), batch)]
    found = copies_across_classes(batches, labels, lambda positions: small[positions])
    assert sorted((pair.photo, pair.other) for pair in found) == [(4, 30), (30, 4)]
    same = copies_across_classes(
        map(shrunk, batches), np.where(np.arange(31) == 30, 0, labels), lambda positions: small[positions]
    )
    assert same == [], "copies of one class are no conflict"


def test_blank_photos_are_copies_of_nothing() -> None:
    """Their correlation is not defined."""
    blank = np.full((4, 16, 16, 1), 30, np.uint8)
    assert copies_across_classes([shrunk(blank)], np.array([0, 1, 0, 1]), lambda positions: blank[positions]) == []
