"""Bytes of an image file to upright pixels, or a reason why not."""

import io
import struct
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from pixelproof.data.ingest.facts import examine
from pixelproof.data.photos.decode import decode
from pixelproof.data.photos.opening import EXIF_ORIENTATION, quiet_pillow
from pixelproof.data.photos.pixels import Pixels
from tests.support.photos import animation, encoded, picture

WHITE = 255


NEARLY_LOSSLESS: dict[str, dict[str, Any]] = {"JPEG": {"quality": 95, "subsampling": 0}, "WEBP": {"lossless": True}}


def turned(orientation: int, format: str, *, image: Image.Image | None = None) -> bytes:
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = orientation
    return encoded(image or picture(), format, exif=exif, **NEARLY_LOSSLESS.get(format, {}))


def pixels_of(data: bytes, colour: Any = "rgb", at_least: tuple[int, int] | None = None) -> Pixels:
    facts = examine(data)
    return decode(data, facts.format, facts.mode, facts.orientation, colour, at_least)


def as_a_person_sees_it(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))


@pytest.mark.parametrize("format", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_photos_are_turned_upright(orientation: int, format: str) -> None:
    """Else a phone's photos would lie on their side, or be mirrored."""
    data = turned(orientation, format)
    pixels, expected = pixels_of(data), as_a_person_sees_it(data)
    assert examine(data).orientation == orientation
    assert pixels.shape == expected.shape
    assert np.abs(pixels.astype(int) - expected).mean() < 2


@pytest.mark.parametrize("orientation", range(1, 9))
def test_tiff_photos_are_turned_once(orientation: int) -> None:
    """Else a TIFF, which Pillow itself turns while it loads, would be turned twice."""
    data = turned(orientation, "TIFF")
    expected = as_a_person_sees_it(data)
    facts = examine(data)
    assert (facts.height, facts.width) == expected.shape[:2]
    assert np.array_equal(pixels_of(data), expected)


@pytest.mark.parametrize(("orientation", "size"), [(1, (32, 48)), (4, (32, 48)), (5, (48, 32)), (8, (48, 32))])
def test_facts_give_the_size_as_a_person_sees_it(orientation: int, size: tuple[int, int]) -> None:
    """Else resize would compute with height and width swapped."""
    facts = examine(turned(orientation, "JPEG"))
    assert (facts.width, facts.height) == size


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_means_upright(orientation: int) -> None:
    """Else a camera's garbage would stop ingest."""
    assert examine(turned(orientation, "JPEG")).orientation == 1


def test_an_orientation_stored_as_a_fraction_is_a_whole_number() -> None:
    """Else the manifest's column would hold mixed types, which Parquet cannot write."""
    tag = struct.pack("<HHIIIII", EXIF_ORIENTATION, 5, 1, 26, 0, 6, 1)  # type 5: a rational, 6/1
    exif = b"Exif\0\0II*\0" + struct.pack("<IH", 8, 1) + tag
    assert type(examine(encoded(picture(), "JPEG", exif=exif)).orientation) is int


@pytest.mark.parametrize("format", ["JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF"])
@pytest.mark.parametrize(("colour", "channels"), [("rgb", 3), ("grey", 1)])
def test_every_format_gives_bytes_of_the_asked_for_colour(format: str, colour: str, channels: int) -> None:
    """Else the image store would not fit what it is given."""
    pixels = pixels_of(encoded(picture(), format), colour)
    assert pixels.shape == (48, 32, channels)
    assert pixels.dtype == np.uint8


@pytest.mark.parametrize("format", ["JPEG", "PNG"])
def test_grey_photos_become_rgb_with_three_equal_channels(format: str) -> None:
    """Else a grey photo among coloured ones would be refused or tinted."""
    pixels = pixels_of(encoded(picture().convert("L"), format), "rgb")
    assert pixels.shape == (48, 32, 3)
    assert np.array_equal(pixels[..., 0], pixels[..., 1])
    assert np.array_equal(pixels[..., 0], pixels[..., 2])


def test_cmyk_photos_keep_their_colours() -> None:
    """Else photos from a print shop would come out inverted."""
    data = encoded(Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG", quality=95)
    assert examine(data).mode == "CMYK"
    assert np.abs(pixels_of(data).astype(int) - (255, 0, 0)).max() < 12


def test_transparent_palette_colours_become_white() -> None:
    """Else the hidden colour behind a logo would show."""
    image = Image.new("P", (16, 16), 0)
    image.putpalette([0, 0, 0, 10, 200, 30])
    image.paste(1, (8, 0, 16, 16))
    pixels = pixels_of(encoded(image, "PNG", transparency=0))
    assert (pixels[:, :8] == WHITE).all()
    assert (pixels[:, 8:] == (10, 200, 30)).all()


def test_half_transparent_pixels_are_blended_with_white() -> None:
    """Else transparent parts would be black, or show colours that nobody sees."""
    image = Image.new("RGBA", (3, 1))
    for x, alpha in enumerate((0, 128, 255)):
        image.putpixel((x, 0), (0, 0, 0, alpha))
    assert pixels_of(encoded(image, "PNG"))[0, :, 0].tolist() == [WHITE, 127, 0]


def test_grey_with_transparency_is_blended_with_white() -> None:
    """Else the transparent parts of a grey drawing would be black."""
    image = Image.new("LA", (2, 1))
    image.putpixel((0, 0), (0, 0))
    image.putpixel((1, 0), (7, 255))
    assert pixels_of(encoded(image, "PNG"), "grey")[0, :, 0].tolist() == [WHITE, 7]


@pytest.mark.parametrize("format", ["PNG", "TIFF"])
def test_16_bit_photos_are_scaled_not_clipped(format: str) -> None:
    """Else every X-ray would be white."""
    levels = (np.arange(256, dtype=np.uint16) * 257).reshape(16, 16)
    pixels = pixels_of(encoded(Image.fromarray(levels), format), "grey")
    assert pixels[..., 0].tolist() == np.arange(256).reshape(16, 16).tolist()


def test_pictures_of_one_bit_become_black_and_white() -> None:
    """Else a scan would have levels 0 and 1, that is, be black."""
    image = Image.new("1", (8, 8), 1)
    image.putpixel((0, 0), 0)
    pixels = pixels_of(encoded(image, "PNG"), "grey")
    assert np.unique(pixels).tolist() == [0, WHITE]


def test_an_animation_is_its_first_frame() -> None:
    """Else a GIF would be refused, or give another frame each time."""
    data = animation()
    assert examine(data).frames == 3
    assert np.abs(pixels_of(data).astype(int) - np.asarray(picture(seed=0))).mean() < 30
    assert pixels_of(data).shape == (48, 32, 3)


LARGE = encoded(picture(304, 400), "JPEG", quality=95, subsampling=0)


LARGE_ON_ITS_SIDE = turned(6, "JPEG", image=picture(304, 400))


@settings(max_examples=60)
@given(height=st.integers(1, 304), width=st.integers(1, 400))
def test_a_large_jpeg_never_comes_out_below_the_asked_for_size(height: int, width: int) -> None:
    """Else resize would enlarge a photo that had been made too small."""
    got = pixels_of(LARGE, "rgb", (height, width)).shape
    assert got[0] >= height
    assert got[1] >= width
    sideways = pixels_of(LARGE_ON_ITS_SIDE, "grey", (width, height)).shape
    assert sideways[0] >= width
    assert sideways[1] >= height


@pytest.mark.parametrize(("size", "scale"), [((30, 40), 8), ((76, 100), 4), ((77, 10), 2), ((153, 1), 1)])
def test_a_large_jpeg_is_decoded_at_a_fraction(size: tuple[int, int], scale: int) -> None:
    """Else decoding would be several times slower than it needs to be."""
    assert pixels_of(LARGE, "rgb", size).shape == (304 // scale, 400 // scale, 3)


def test_a_jpeg_decoded_at_a_fraction_shows_the_same_picture() -> None:
    """Else the fast path would train on other pictures than the slow one."""
    small = pixels_of(LARGE, "rgb", (38, 50)).astype(int)
    averaged = pixels_of(LARGE).reshape(38, 8, 50, 8, 3).mean(axis=(1, 3))
    assert np.abs(small - averaged).mean() < 2


def test_without_a_size_a_jpeg_comes_out_whole() -> None:
    """Else the hash of the pixels would depend on who asks."""
    assert pixels_of(LARGE).shape == (304, 400, 3)


def test_the_same_pixels_have_the_same_hash_in_any_file() -> None:
    """Else a re-saved copy of a test photo could be trained on."""
    files = [encoded(picture(), "PNG"), encoded(picture(), "PNG", compress_level=0), encoded(picture(), "BMP")]
    assert len({examine(data).pixels_sha256 for data in files}) == 1
    assert len(set(files)) == 3


def test_other_pixels_have_another_hash() -> None:
    """Else different photos would be taken for copies, though only their shape differs."""
    grey = np.arange(64, dtype=np.uint8)
    shapes = [Image.fromarray(grey.reshape(shape)) for shape in ((8, 8), (4, 16), (16, 4))]
    hashes = {examine(encoded(image, "PNG")).pixels_sha256 for image in shapes}
    assert len(hashes | {examine(encoded(picture(seed=seed), "PNG")).pixels_sha256 for seed in range(3)}) == 6


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "L", "LA", "1", "CMYK", "I;16", "I", "F", "LAB"])
@pytest.mark.parametrize("colour", ["rgb", "grey"])
def test_a_picture_converted_in_bands_is_the_same(mode: str, colour: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Large pictures are converted some rows at a time, to save memory: no seam may show, no level change."""
    levels = picture().convert("L").convert("RGB") if mode == "F" else picture()
    spread = {"I;16": (np.uint16, 257), "I": (np.int32, 2**31 // 256)}
    if mode in spread:
        kind, step = spread[mode]
        image = Image.fromarray(np.asarray(picture().convert("L")).astype(kind) * step)
    else:
        image = levels.convert(mode)
    data = encoded(image, "TIFF")
    whole = pixels_of(data, colour)
    hashed = examine(data)
    monkeypatch.setattr("pixelproof.data.photos.pixels.PIXELS_AT_ONCE", 100)
    assert np.array_equal(pixels_of(data, colour), whole)
    assert examine(data) == hashed


def test_levels_a_little_below_zero_are_black_and_what_is_not_a_number_too() -> None:
    """Else a dark pixel of a scientific TIFF would wrap around to white."""
    broken = Image.fromarray(np.array([[-0.04, np.nan, 1.0]], np.float32))
    with quiet_pillow():
        assert pixels_of(encoded(broken, "TIFF"), "grey").ravel().tolist() == [0, 0, 255]


def test_a_photo_that_shrinks_looks_the_same_with_coarse_colours(cats_dogs: Path) -> None:
    """Else the quick way to spread a JPEG's colours would show in the images that the models see."""
    for path in sorted((cats_dogs / "dogs").iterdir())[:40]:
        data = path.read_bytes()
        smooth = pixels_of(data)
        height, width = (max(1, round(0.7 * side)) for side in smooth.shape[:2])
        small = [cv2.resize(pixels, (width, height)) for pixels in (smooth, pixels_of(data, at_least=(height, width)))]
        assert np.abs(np.subtract(*small, dtype=np.int16)).mean() < 3  # levels of 255
