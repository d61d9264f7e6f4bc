"""PNG files: 16 bits, colours given in numbers, and chunks beside the pixels."""

import struct
import zlib
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pixelproof.data.ingest.facts import examine
from pixelproof.data.photos.bad_image import BadImageError
from pixelproof.data.photos.opening import quiet_pillow
from pixelproof.data.photos.reading import SIDE_DATA, Photo, read_photo
from tests.support.photos import encoded, picture

PIXELS = np.asarray(picture())


def chunk(kind: bytes, content: bytes, crc: int | None = None) -> bytes:
    checksum = zlib.crc32(kind + content) if crc is None else crc
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def with_chunk(data: bytes, *chunks: bytes, at_end: bool = False) -> bytes:
    """Return a PNG with chunks behind its header, or before its end."""
    where = len(data) - 12 if at_end else 33
    return data[:where] + b"".join(chunks) + data[where:]


def deep(levels: np.ndarray, colour_type: int, *chunks: bytes) -> bytes:
    """Return a PNG of 16 bits with the levels (height, width, channels)."""
    height, width = levels.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in levels)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 16, colour_type, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def read(data: bytes) -> Photo:
    with quiet_pillow():
        return read_photo(data)


def test_colours_of_16_bits_are_rounded_not_cut() -> None:
    """Else the photo would be half a level darker than its copy of 8 bits; 12 bits would be nearly black."""
    levels = np.array([[[0, 128, 129], [65535, 32768, 32640]]])
    assert read(deep(levels, 2)).pixels.tolist() == [[[0, 0, 1], [255, 128, 127]]]
    twelve = np.array([[[0, 2048, 4095]]])
    assert read(deep(twelve, 2)).pixels.tolist() == [[[0, 128, 255]]]


@pytest.mark.parametrize(("colour_type", "channels"), [(0, 1), (2, 3)])
def test_the_one_transparent_colour_of_16_bits_shows_white(colour_type: int, channels: int) -> None:
    """Else 8 bits would decide which colour it is, or it would stay; its neighbour differs in the low bits alone."""
    levels = np.array([[[20_000] * channels, [20_001] * channels, [65_535] * channels]])
    photo = read(deep(levels, colour_type, chunk(b"tRNS", struct.pack(">H", 20_000) * channels)))
    assert photo.transparent
    assert photo.pixels[0, :, 0].tolist() == [255, 78, 255]


@pytest.mark.parametrize(("colour_type", "channels"), [(4, 1), (6, 3)])
def test_alpha_of_16_bits_is_laid_over_white(colour_type: int, channels: int) -> None:
    """Else what is transparent would be black; half of 0 over white is 127.5."""
    levels = np.array([[[0] * channels + [0], [0] * channels + [32_768], [65_535] * channels + [65_535]]])
    assert read(deep(levels, colour_type)).pixels[0, :, 0].tolist() == [255, 127, 255]


def test_an_animation_of_16_bits_shows_its_first_picture_though_it_is_no_frame() -> None:
    """Else it would be black: OpenCV begins with an empty frame where the animation leaves the first picture out."""
    levels = np.full((2, 4, 4), 65_535)
    levels[..., 1:3] = 0
    rows = zlib.compress((b"\0" + bytes(32)) * 2)
    frames = [
        chunk(b"fcTL", struct.pack(">IIIIIHHBB", number, 4, 2, 0, 0, 1, 10, 0, 0))
        + chunk(b"fdAT", struct.pack(">I", number + 1) + rows)
        for number in (0, 2)
    ]
    photo = read(with_chunk(deep(levels, 6, chunk(b"acTL", struct.pack(">II", 2, 0))), *frames, at_end=True))
    assert photo.pixels[0, 0].tolist() == [255, 0, 0]


TEXT = zlib.compress(b"x" * 3_000_000)
BROKEN: dict[str, list[bytes]] = {
    "long text": [chunk(b"zTXt", b"Comment\0\0" + TEXT)],
    "long international text": [chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + TEXT)],
    "text with a wrong checksum": [chunk(b"tEXt", b"Comment\0hello", crc=1)],
    "text that does not inflate": [chunk(b"zTXt", b"Comment\0\0nothing packed")],
    "text of an unknown method": [chunk(b"zTXt", b"Comment\0\7" + TEXT)],
    "long profile": [chunk(b"iCCP", b"p\0\0" + zlib.compress(bytes(2_000_000)))],
    "profile of an unknown method": [chunk(b"iCCP", b"p\0\1" + TEXT)],
    "time with a wrong checksum": [chunk(b"tIME", bytes(7), crc=1)],
    "gamma with a wrong checksum": [chunk(b"gAMA", struct.pack(">I", 100_000), crc=1)],
    "a private chunk with a wrong checksum": [chunk(b"prVt", b"secret", crc=1)],
    "much text": [chunk(b"zTXt", b"Comment\0\0" + zlib.compress(b"x" * 900_000)) for _ in range(80)],
}


@pytest.mark.parametrize("name", BROKEN)
@pytest.mark.parametrize("at_end", [False, True])
def test_a_chunk_beside_the_pixels_condemns_none(name: str, at_end: bool) -> None:
    """Else a photo would be lost for what no pixel depends on."""
    photo = read(with_chunk(encoded(picture(), "PNG"), *BROKEN[name], at_end=at_end))
    assert np.array_equal(photo.pixels, PIXELS)
    unharmed = name == "text that does not inflate"  # Pillow passes over that itself
    assert unharmed or at_end or photo.notes[-1] == SIDE_DATA


@pytest.mark.parametrize(
    "damaged",
    [
        lambda data: data.replace(b"IDAT", b"IDAX"),
        lambda data: data[:60] + b"\0\0\0\0" + data[64:],
        lambda data: with_chunk(data, chunk(b"tRNS", b"\0\0\0\0\0\0", crc=1)),
    ],
    ids=["no pixels", "pixels", "transparency"],
)
def test_damage_that_pixels_depend_on_is_still_refused(damaged: Any) -> None:
    """Else leaving chunks out would let damaged photos in."""
    with quiet_pillow(), pytest.raises(BadImageError):
        examine(with_chunk(damaged(encoded(picture(), "PNG")), BROKEN["text with a wrong checksum"][0]))


def srgb(light: np.ndarray) -> np.ndarray:
    """Return sRGB's levels for linear light, 0 to 1 (IEC 61966-2-1)."""
    return 255 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)


@pytest.mark.parametrize("gamma", [1.0, 1 / 1.8, 1 / 2.6])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_gamma_is_converted_to_that_of_srgb(gamma: float, mode: str) -> None:
    """Else old pictures of a Macintosh would be pale."""
    ramp = Image.fromarray(np.arange(256, dtype=np.uint8).reshape(16, 16)).convert(mode)
    photo = read(with_chunk(encoded(ramp, "PNG"), chunk(b"gAMA", struct.pack(">I", round(gamma * 100_000)))))
    expected = srgb((np.arange(256) / 255) ** (1 / gamma)).reshape(16, 16)
    assert photo.pixels.shape == (16, 16, 1)
    assert np.abs(photo.pixels[..., 0] - expected)[1:].max() <= 2  # the first row: steep, and a lookup table's edge
    assert photo.notes[0].startswith("colours converted to sRGB (gamma ")


def test_primaries_are_converted_to_those_of_srgb() -> None:
    """Else colours of a wide-gamut screen would be pale. The matrix is that of Display P3 to sRGB, both D65."""
    matrix = np.array([[1.2249, -0.2247, 0], [-0.0420, 1.0419, 0], [-0.0197, -0.0786, 1.0979]])
    colours = np.array([[[200, 100, 50], [90, 160, 120], [128, 128, 128]]], np.uint8)
    numbers = [31270, 32900, 68000, 32000, 26500, 69000, 15000, 6000]
    chunks = chunk(b"gAMA", struct.pack(">I", 45455)), chunk(b"cHRM", struct.pack(">8I", *numbers))
    photo = read(with_chunk(encoded(Image.fromarray(colours), "PNG"), *chunks))
    expected = srgb(((colours / 255) ** 2.2 @ matrix.T).clip(0, 1))
    assert np.abs(photo.pixels - expected).max() <= 2


@pytest.mark.parametrize(
    "chunks",
    [
        [chunk(b"gAMA", struct.pack(">I", 45455))],
        [chunk(b"sRGB", b"\0"), chunk(b"gAMA", struct.pack(">I", 100_000))],
        [chunk(b"gAMA", b"\0\0\0\0")],
        [chunk(b"gAMA", b"\0")],
        [chunk(b"cICP", bytes([1, 13, 0, 1])), chunk(b"gAMA", struct.pack(">I", 100_000))],
    ],
    ids=["the usual gamma", "sRGB", "a gamma of zero", "a short chunk", "coded as sRGB"],
)
def test_what_is_srgb_stays_as_it_is(chunks: list[bytes]) -> None:
    """Else most PNG files would be converted, and no copies of those without a gamma any more."""
    photo = read(with_chunk(encoded(picture(), "PNG"), *chunks))
    assert np.array_equal(photo.pixels, PIXELS)


def test_colours_that_are_coded_are_converted_or_noted() -> None:
    """Else a screenshot of a new Macintosh would be pale, and one in HDR wrong without a word."""
    data = encoded(picture(), "PNG")
    wide = read(with_chunk(data, chunk(b"cICP", bytes([12, 13, 0, 1]))))
    assert wide.notes == ["colours converted to sRGB (Display P3)"]
    assert not np.array_equal(wide.pixels, PIXELS)
    assert read(with_chunk(data, chunk(b"cICP", bytes([9, 16, 0, 1])))).notes == [
        "colours of another kind, not converted (cICP 9 16)"
    ]
