"""`glimpse`: what a person can see of any file."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from pixelproof.data.ingest.facts import examine
from pixelproof.data.photos.bad_image import BadImageError
from pixelproof.data.photos.decode import glimpse
from pixelproof.data.photos.opening import quiet_pillow

RED_OVER_BLUE = np.zeros((320, 240, 3), np.uint8)
RED_OVER_BLUE[:160, :, 0] = 200
RED_OVER_BLUE[160:, :, 2] = 200


def encoded(format: str, pixels: np.ndarray = RED_OVER_BLUE, **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format=format, **options)
    return file.getvalue()


def test_a_large_jpeg_is_decoded_small() -> None:
    """Else a sheet of 48 photos of a modern camera would take gigabytes, and minutes."""
    pixels = glimpse(encoded("JPEG"), (60, 60))
    assert pixels is not None
    assert pixels.shape == (80, 60, 3)
    assert pixels[10, 30, 0] > 180
    assert pixels[70, 30, 2] > 180


def test_a_turned_photo_is_shown_upright() -> None:
    """Else people would judge photos that lie on their side, though the networks see them upright."""
    exif = Image.Exif()
    exif[274] = 6  # the camera was turned: what it wrote as left is up
    pixels = glimpse(encoded("JPEG", RED_OVER_BLUE.transpose(1, 0, 2).copy(), exif=exif), (60, 60))
    assert pixels is not None
    height, width, _ = pixels.shape
    assert height > width
    assert pixels[5, width // 2, 0] > 180
    assert pixels[-5, width // 2, 2] > 180


@pytest.mark.parametrize("orientation", [1, 3])
def test_what_comes_before_the_break_of_a_jpeg_is_shown(orientation: int) -> None:
    """Else nobody could see which photo it was that broke off."""
    exif = Image.Exif()
    exif[274] = orientation
    whole = encoded("JPEG", np.random.default_rng(0).integers(0, 255, (320, 240, 3), dtype=np.uint8), exif=exif)
    cut = whole[: len(whole) // 2]
    with pytest.raises(BadImageError):
        examine(cut)
    seen, expected = glimpse(cut, (320, 240)), glimpse(whole, (320, 240))
    assert seen is not None
    assert expected is not None
    part = slice(0, 100) if orientation == 1 else slice(220, 320)
    np.testing.assert_array_equal(seen[part], expected[part])


@pytest.mark.parametrize(
    "data",
    [b"", b"no image", encoded("PNG")[:-60], encoded("JPEG")[:150]],
    ids=["empty", "text", "broken PNG", "JPEG header alone"],
)
def test_where_nothing_can_be_seen_there_is_nothing(data: bytes) -> None:
    """Else a broken file would stop the sheet that is to show it."""
    assert glimpse(data, (60, 60)) is None


@given(st.sampled_from(["JPEG", "PNG", "GIF", "WEBP", "TIFF"]), st.data())
def test_no_damage_raises(format: str, data: st.DataObject) -> None:
    """Else one odd file would cost all pictures of the quarantine."""
    content = bytearray(encoded(format, RED_OVER_BLUE[::8, ::8].copy()))
    for _ in range(data.draw(st.integers(0, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with quiet_pillow():
        pixels = glimpse(bytes(content[: data.draw(st.integers(0, len(content)))]), (16, 16))
    assert pixels is None or (pixels.dtype == np.uint8 and pixels.ndim == 3 and pixels.shape[2] == 3)
