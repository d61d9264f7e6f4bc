"""Colours with a profile become those of sRGB, whatever the file, and a broken profile costs nothing."""

import io
import struct

import numpy as np
import pytest
from PIL import Image, ImageCms

from pixelproof.data.ingest.facts import examine
from pixelproof.data.photos.decode import decode
from pixelproof.data.photos.icc import ADOBE_RGB, DISPLAY_P3, SRGB, matrix_profile
from pixelproof.data.photos.opening import quiet_pillow
from pixelproof.data.photos.profiles import conversion
from pixelproof.data.photos.reading import Photo, read_photo
from tests.support.photos import encoded, picture

PIXELS = np.asarray(picture())
P3 = matrix_profile("Display P3", DISPLAY_P3, None)
LOSSLESS = {"WEBP": {"lossless": True}}
# Display P3 to sRGB, both linear and with the white D65: from the primaries, as S. Susstrunk's RGB working spaces.
P3_TO_SRGB = np.array([[1.2249, -0.2247, 0], [-0.0420, 1.0419, 0], [-0.0197, -0.0786, 1.0979]])
ADOBE_TO_SRGB = np.array([[1.3984, -0.3984, 0], [0, 1, 0], [0, -0.0429, 1.0429]])
MUTED = np.array([[[200, 120, 90], [90, 160, 120], [60, 80, 130], [128, 128, 128], [20, 20, 20]]], np.uint8)


def read(data: bytes) -> Photo:
    with quiet_pillow():
        return read_photo(data)


def light(levels: np.ndarray) -> np.ndarray:
    levels = levels / 255
    return np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)


def levels(light: np.ndarray) -> np.ndarray:
    light = light.clip(0, 1)
    return 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("format", ["PNG", "TIFF", "WEBP", "AVIF"])
def test_colours_are_converted_in_every_format(format: str) -> None:
    """Else only some of an iPhone's photos would look as they do on it."""
    options = {"quality": 100, "subsampling": "4:4:4"} if format == "AVIF" else LOSSLESS.get(format, {})
    photo = read(encoded(Image.fromarray(MUTED.repeat(8, 0).repeat(8, 1)), format, icc_profile=P3, **options))
    expected = levels(light(MUTED) @ P3_TO_SRGB.T)[0]
    assert np.abs(photo.pixels[4, 4::8] - expected).max() <= (3 if format == "AVIF" else 1.5)
    assert photo.notes == ["colours converted to sRGB (Display P3)"]


@pytest.mark.parametrize("colour", ["rgb", "grey"])
@pytest.mark.parametrize("at_least", [None, (16, 16)])
def test_a_jpeg_is_converted_when_it_is_resized_too(colour: str, at_least: tuple[int, int] | None) -> None:
    """Else ingest would look at other colours than the networks."""
    flat = Image.fromarray(MUTED[:, :1].repeat(64, 0).repeat(64, 1))
    data = encoded(flat, "JPEG", quality=100, subsampling=0, icc_profile=P3)
    facts = examine(data)
    got = decode(data, facts.format, facts.mode, facts.orientation, colour, at_least)  # type: ignore[arg-type]
    expected = levels(light(MUTED[0, 0]) @ P3_TO_SRGB.T)
    weights = np.array([0.299, 0.587, 0.114])  # of brightness, ITU-R BT.601
    assert np.abs(got[5, 5] - (expected if colour == "rgb" else expected @ weights)).max() <= 2
    assert facts.remarks == ["colours converted to sRGB (Display P3)"]


def test_a_profile_in_several_segments_is_put_together() -> None:
    """Else a long profile, as printers' are, would be called damaged."""
    assert P3 is not None
    long = P3 + bytes(150_000)
    data = encoded(Image.fromarray(MUTED), "JPEG", quality=100, subsampling=0, icc_profile=long)
    assert data.count(b"ICC_PROFILE\0") == 3
    assert read(data).notes == ["colours converted to sRGB (Display P3)"]


SAME = {
    "none": None,
    "Pillow's sRGB": ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes(),
    "our sRGB": matrix_profile("sRGB", SRGB, None),
}


@pytest.mark.parametrize("name", SAME)
def test_what_says_srgb_or_nothing_stays_as_it_is(name: str) -> None:
    """Else the usual photo would be converted for nothing, and differ from its copy without a profile."""
    photo = read(encoded(picture(), "PNG", icc_profile=SAME[name]))
    assert np.array_equal(photo.pixels, PIXELS)
    assert photo.notes == []
    assert conversion(SAME[name], "RGB").apply is None


@pytest.mark.parametrize("format", ["PNG", "JPEG", "TIFF", "WEBP"])
@pytest.mark.parametrize("profile", [b"no profile", (P3 or b"")[:200], bytes(300)], ids=["text", "cut", "zeros"])
def test_a_broken_profile_is_a_note(format: str, profile: bytes) -> None:
    """Else a photo would be lost for its profile."""
    options = LOSSLESS.get(format, {})
    photo = read(encoded(picture(), format, icc_profile=profile, **options))
    assert photo.notes == ["colour profile damaged, not used"]
    assert np.array_equal(photo.pixels, read(encoded(picture(), format, **options)).pixels)


def test_a_profile_of_other_colours_is_a_note() -> None:
    """Else inks of a printer would be taken for light."""
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    photo = read(encoded(picture(), "PNG", icc_profile=lab))
    assert photo.notes[0].startswith("colour profile of another kind, not used")
    assert np.array_equal(photo.pixels, PIXELS)


def test_a_grey_photo_with_a_profile_stays_grey() -> None:
    """Else it would be tinted, or no copy of the same photo stored as RGB."""
    profile = matrix_profile("gamma 1.8", SRGB, 1.8)
    ramp = Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16))
    photos = [read(encoded(ramp.convert(mode), "PNG", icc_profile=profile)) for mode in ("L", "RGB")]
    expected = levels((np.arange(256) / 255) ** 1.8).reshape(16, 16, 1)
    assert np.abs(photos[0].pixels - expected)[1:].max() <= 2
    assert np.array_equal(photos[0].pixels, photos[1].pixels)


@pytest.mark.parametrize("order", ["<", ">"])
def test_adobe_rgb_that_exif_alone_names_is_converted(order: str) -> None:
    """Else photos of cameras that are set to Adobe RGB, and embed no profile, would be pale."""
    tag = struct.pack(f"{order}HHI4s", 1, 2, 4, b"R03\0")
    exif = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(f"{order}IH", 8, 1) + tag + bytes(4)
    flat = Image.fromarray(MUTED.repeat(16, 0).repeat(16, 1))
    photo = read(encoded(flat, "JPEG", quality=100, subsampling=0, exif=b"Exif\0\0" + exif))
    expected = levels((MUTED / 255) ** (563 / 256) @ ADOBE_TO_SRGB.T)[0]
    assert np.abs(photo.pixels[8, 8::16] - expected).max() <= 4  # twice rounded, and once by JPEG
    assert photo.notes == ["colours converted to sRGB (Adobe RGB (1998))"]


def cmyk_profile() -> bytes:
    """Return a profile of inks by a table of two points each (ICC's lut8Type): ink takes light away, black all."""
    corners = np.stack(np.meshgrid(*[[0.0, 1.0]] * 4, indexing="ij"), -1).reshape(-1, 4)
    lightness = 100 * (1 - corners[:, :3].mean(1)) * (1 - corners[:, 3])
    table = np.stack([lightness * 2.55, np.full(16, 128), np.full(16, 128)], -1).round().astype(np.uint8)
    ramp = bytes(range(256))
    unit = struct.pack(">9i", *[65536, 0, 0, 0, 65536, 0, 0, 0, 65536])
    lut = b"mft1" + bytes(4) + bytes([4, 3, 2, 0]) + unit + ramp * 4 + table.tobytes() + ramp * 3
    name = b"desc" + struct.pack(">4xI", 5) + b"inks\0" + bytes(79)
    kind = (0x02400000, b"prtr", b"CMYK", b"Lab ", b"", b"acsp")
    head = struct.pack(">I4sI4s4s4s12s4s28x3i48x", 0, b"", *kind, *(63190, 65536, 54061))
    tags, at = b"", 128 + 4 + 24
    for key, value in ((b"A2B0", lut), (b"desc", name)):
        tags += key + struct.pack(">II", at, len(value))
        at += len(value)
    profile = head + struct.pack(">I", 2) + tags + lut + name
    return struct.pack(">I", len(profile)) + profile[4:]


def test_inks_are_converted_by_their_profile() -> None:
    """Else a print shop's photos would have the colours of a naive formula."""
    inks = Image.new("CMYK", (16, 16), (255, 0, 0, 0))  # of three inks one: a third of the light is gone
    photo = read(encoded(inks, "TIFF", icc_profile=cmyk_profile()))
    lightness = 100 * 2 / 3
    luminance = ((lightness + 16) / 116) ** 3  # CIE 1976
    assert photo.notes == ["colours converted to sRGB (inks)"]
    assert np.abs(photo.pixels - levels(np.array(luminance))).max() <= 3
    assert np.ptp(photo.pixels[0, 0].astype(int)) <= 2


def test_profiles_made_of_numbers_say_what_they_are() -> None:
    """Else LittleCMS would refuse them, or read other primaries."""
    profile = matrix_profile("Adobe RGB (1998)", ADOBE_RGB, 563 / 256)
    assert profile is not None
    opened = ImageCms.ImageCmsProfile(io.BytesIO(profile)).profile
    assert opened.profile_description == "Adobe RGB (1998)"
    # Under D50, as B. Lindbloom's table of RGB working spaces has them.
    assert np.allclose(opened.red_colorant[0], [0.60974, 0.31111, 0.01947], atol=0.001)
    assert np.allclose(opened.green_colorant[0], [0.20528, 0.62567, 0.06087], atol=0.001)
    assert matrix_profile("nothing", (0, 0, 0, 0, 0, 0, 0, 0), 2.2) is None
    assert matrix_profile("too steep", SRGB, 1e9) is None
