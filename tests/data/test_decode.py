"""Bytes of an image file to upright pixels, or a reason why not."""

import io
import struct
import warnings
import zlib
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from pixelproof.data.decode import Facts, decode, examine
from pixelproof.data.modes import Pixels
from pixelproof.data.opening import EXIF_ORIENTATION, FORMATS, MAX_PIXELS, BadImageError, quiet_pillow

REASONS = {"zero bytes", "not an image", "truncated or damaged", "decompression bomb"}
WHITE = 255
NEARLY_LOSSLESS: dict[str, dict[str, Any]] = {"JPEG": {"quality": 95, "subsampling": 0}, "WEBP": {"lossless": True}}


def picture(height: int = 48, width: int = 32, *, seed: int = 0) -> Image.Image:
    """Draw flat squares of 8 pixels, which JPEG keeps well and no turn maps onto themselves."""
    squares = np.random.default_rng(seed).integers(0, 256, (height // 8, width // 8, 3), dtype=np.uint8)
    return Image.fromarray(squares.repeat(8, axis=0).repeat(8, axis=1))


def encoded(image: Image.Image, format: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, format, **options)
    return buffer.getvalue()


def turned(orientation: int, format: str, *, image: Image.Image | None = None) -> bytes:
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = orientation
    return encoded(image or picture(), format, exif=exif, **NEARLY_LOSSLESS.get(format, {}))


def pixels_of(data: bytes, colour: Any = "rgb", at_least: tuple[int, int] | None = None) -> Pixels:
    facts = examine(data)
    return decode(data, facts.format, facts.mode, facts.orientation, colour, at_least)


def outcome(data: bytes) -> Facts | BadImageError:
    """Examine a file; whatever else is raised than BadImageError fails the test."""
    try:
        return examine(data)
    except BadImageError as bad:
        return bad


def is_accounted_for(outcome: Facts | BadImageError) -> bool:
    if isinstance(outcome, Facts):
        return min(outcome.width, outcome.height, outcome.frames) > 0
    return outcome.reason in REASONS and outcome.detail != ""


def as_a_person_sees_it(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        return np.asarray(ImageOps.exif_transpose(image).convert("RGB"))


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_that_claims(width: int, height: int) -> bytes:
    """Return a PNG of one bit per pixel with a header and (nearly) no pixels."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


def animation(format: str = "GIF") -> bytes:
    first, *others = (picture(seed=seed) for seed in range(3))
    return encoded(first, format, save_all=True, append_images=others)


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


def test_no_bytes_are_a_reason_of_their_own() -> None:
    """Else an interrupted copy would be told as a strange format."""
    with pytest.raises(BadImageError) as refused:
        examine(b"")
    assert refused.value.reason == "zero bytes"


@pytest.mark.parametrize("data", [b"<!DOCTYPE html><p>Not found", b"cat", b"\x00" * 100, b"version https://git-lfs"])
def test_what_is_no_image_says_how_it_begins(data: bytes) -> None:
    """Else nobody would see that a download brought a web page."""
    with pytest.raises(BadImageError) as refused:
        examine(data)
    assert refused.value.reason == "not an image"
    assert repr(data[:8]) in refused.value.detail


@pytest.mark.parametrize("format", ["JPEG", "PNG", "BMP", "WEBP"])
@pytest.mark.parametrize("share", [0.5, 0.8, 0.95])
def test_a_truncated_file_is_refused(format: str, share: float) -> None:
    """Else half photos, grey below, would be trained on."""
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 3), dtype=np.uint8))
    data = encoded(noise, format)
    with quiet_pillow(), pytest.raises(BadImageError) as refused:
        examine(data[: int(len(data) * share)])
    assert refused.value.reason == "truncated or damaged"


@pytest.mark.parametrize("format", ["GIF", "TIFF"])
def test_an_animation_damaged_anywhere_is_refused_in_words(format: str) -> None:
    """Else counting the frames of one damaged file would stop the ingest of a million."""
    data = animation(format)
    with quiet_pillow():
        assert all(is_accounted_for(outcome(data[:cut])) for cut in range(0, len(data), 11))


@pytest.mark.parametrize(("width", "height"), [(60_000, 60_000), (20_000, 9_000), (10_001, 10_000)])
def test_a_small_file_that_claims_a_huge_size_is_refused_before_it_is_decoded(width: int, height: int) -> None:
    """Else one file of 70 bytes could take all memory."""
    with quiet_pillow(), pytest.raises(BadImageError) as refused:
        examine(png_that_claims(width, height))
    assert refused.value.reason == "decompression bomb"


def test_a_photo_below_our_own_limit_is_no_bomb() -> None:
    """Else Pillow's lower limit would decide, not the one that we name."""
    width, height = 9_500, 10_000
    assert width * height < MAX_PIXELS
    with quiet_pillow(), pytest.raises(BadImageError) as refused:
        examine(png_that_claims(width, height))
    assert refused.value.reason == "truncated or damaged"


SAMPLES = [encoded(picture(), format) for format in FORMATS]


@settings(max_examples=150)
@given(
    data=st.sampled_from(SAMPLES),
    damage=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(0, 255)), max_size=4),
    kept=st.floats(0, 1),
)
def test_damage_gives_facts_or_a_reason_and_nothing_else(
    data: bytes, damage: list[tuple[float, int]], kept: float
) -> None:
    """Else one damaged file would stop the ingest of a million."""
    damaged = bytearray(data)
    for where, value in damage:
        damaged[int(where * len(damaged))] = value
    with quiet_pillow():
        assert is_accounted_for(outcome(bytes(damaged[: int(kept * len(damaged)) + 1])))


@settings(max_examples=100)
@given(data=st.binary(max_size=200))
def test_any_bytes_give_facts_or_a_reason(data: bytes) -> None:
    """Else a file of any other kind in a class folder would stop ingest."""
    with quiet_pillow():
        assert is_accounted_for(outcome(data))


def test_the_odd_files_give_facts_or_a_reason_and_no_warning(odd_files: Path) -> None:
    """Else files that are known from the field would stop ingest, or fill the terminal."""
    files = sorted(path for path in odd_files.rglob("*") if path.is_file())
    with warnings.catch_warnings(record=True) as escaped:
        warnings.simplefilter("always")
        with quiet_pillow():
            outcomes = {path.name: outcome(path.read_bytes()) for path in files}
    assert escaped == []
    assert len(outcomes) == len(files)
    assert all(map(is_accounted_for, outcomes.values()))
    refused = {name: bad.reason for name, bad in outcomes.items() if isinstance(bad, BadImageError)}
    assert "png_named.jpg" not in refused
    assert refused["666.jpg"] == "zero bytes"
    assert refused["html_named.jpg"] == "not an image"
    assert refused["truncated.jpg"] == "truncated or damaged"
    assert refused["decompression_bomb.gif"] == "decompression bomb"


def test_quiet_pillow_puts_the_filters_back() -> None:
    """Else a library call would hide every later warning of the program."""
    before = list(warnings.filters)
    with quiet_pillow():
        warnings.warn("unseen", UserWarning, stacklevel=1)
    assert list(warnings.filters) == before


@pytest.mark.parametrize(
    "data",
    [
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n",
        encoded(picture(), "ICO"),
        encoded(picture(), "ICNS"),
        encoded(picture(), "TGA"),
        encoded(picture(), "PCX"),
        b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, 8, 8, 8, 3) + bytes(300),
        b"\x89HDF\r\n\x1a\n" + bytes(100),
    ],
    ids=["EPS", "ICO", "ICNS", "TGA", "PCX", "PSD", "HDF5"],
)
def test_formats_that_are_not_those_of_photos_are_refused(data: bytes) -> None:
    """Else an EPS would start Ghostscript, an ICO be decoded before its size is known, and any bytes be a TGA."""
    refused = outcome(data)
    assert isinstance(refused, BadImageError)
    assert refused.reason == "not an image"


def test_libtiff_writes_nothing_to_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    """It writes to file descriptor 2 itself, which no filter of warnings sees."""
    damaged = bytearray(encoded(picture(), "TIFF", compression="tiff_lzw"))
    damaged[8:40] = b"\xff" * 32
    with quiet_pillow():
        assert isinstance(outcome(bytes(damaged)), BadImageError)
    assert capfd.readouterr().err == ""
    outcome(bytes(damaged))
    assert capfd.readouterr().err != "", "libtiff has become quiet: quiet_pillow need not silence it any more"


def with_scans(count: int) -> bytes:
    """Return a progressive JPEG whose last scan stands there so many times."""
    data = encoded(picture(), "JPEG", progressive=True)
    last = data[data.rindex(b"\xff\xda") : -2]
    return data[:-2] + last * count + data[-2:]


def test_a_jpeg_of_many_scans_is_refused() -> None:
    """Each scan goes over all pixels again, so that a small file with thousands of them would stop ingest for long."""
    refused = outcome(with_scans(600))
    assert isinstance(refused, BadImageError)
    assert (refused.reason, refused.detail) == ("decompression bomb", "more than 500 scans")
    assert isinstance(outcome(with_scans(20)), Facts)


def test_a_film_behind_a_jpeg_does_not_count_as_scans() -> None:
    """Phones append one to a photo, and by chance it holds the bytes that begin a scan."""
    assert isinstance(outcome(encoded(picture(), "JPEG") + b"\xff\xda" * 600), Facts)


def tiff_with_pages(count: int) -> bytes:
    """Return a TIFF of grey pages of 8 x 8 pixels, which all share theirs."""
    tags = [(256, 8), (257, 8), (258, 8), (259, 1), (262, 1), (273, 8), (277, 1), (278, 8), (279, 64)]
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags)
    size = 2 + len(entries) + 4
    first = 8 + 64
    nexts = [first + page * size for page in range(1, count)] + [0]
    pages = b"".join(struct.pack("<H", len(tags)) + entries + struct.pack("<I", after) for after in nexts)
    return b"II*\0" + struct.pack("<I", first) + bytes(64) + pages


def test_pages_of_a_tiff_are_counted_and_too_many_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pillow looks at all earlier pages to find the next: 100,000 of them took more than a minute."""
    monkeypatch.setattr("pixelproof.data.opening.MAX_TIFF_PAGES", 100)
    few, many = outcome(tiff_with_pages(100)), outcome(tiff_with_pages(101))
    assert isinstance(few, Facts)
    assert few.frames == 100
    assert isinstance(many, BadImageError)
    assert many.reason == "decompression bomb"


@pytest.mark.parametrize("magic", [b"P3 %d %d 255\n", b"P6 %d %d 1000\n"])
def test_what_pillow_decodes_in_python_may_not_be_large(magic: bytes) -> None:
    """Each byte costs a microsecond there: 25 million pixels took more than a minute."""
    assert getattr(outcome(magic % (2000, 1001)), "reason", "") == "decompression bomb"
    assert getattr(outcome(magic % (2000, 1000)), "reason", "") == "truncated or damaged"
    assert getattr(outcome(b"P6 2000 1001 255\n"), "reason", "") == "truncated or damaged"


def test_formats_that_take_much_memory_for_a_pixel_have_a_lower_limit() -> None:
    """At 100 million pixels WebP and JPEG 2000 took 1.6 and 1.9 GB."""
    data = bytearray(encoded(picture(), "WEBP", lossless=True))
    data[21:25] = (9000 - 1 | (5000 - 1) << 14).to_bytes(4, "little")  # the header: width and height, 14 bits each
    assert getattr(outcome(bytes(data)), "detail", "") == "9000 x 5000 pixels; the limit is 40,000,000"


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P", "L", "LA", "1", "CMYK", "I;16", "I", "F", "LAB"])
@pytest.mark.parametrize("colour", ["rgb", "grey"])
def test_a_picture_converted_in_bands_is_the_same(mode: str, colour: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Large pictures are converted some rows at a time, to save memory: no seam may show, no level change."""
    levels = picture() if mode in ("RGB", "LAB") else picture().convert("L") if mode == "I;16" else picture()
    image = Image.fromarray(np.asarray(levels).astype(np.uint16) * 200) if mode == "I;16" else levels.convert(mode)
    data = encoded(image, "TIFF")
    whole = pixels_of(data, colour)
    hashed = examine(data)
    monkeypatch.setattr("pixelproof.data.modes.PIXELS_AT_ONCE", 100)
    assert np.array_equal(pixels_of(data, colour), whole)
    assert examine(data) == hashed


def test_levels_below_zero_are_black_and_what_is_no_number_too() -> None:
    """Else a dark pixel of a scientific TIFF would wrap around to white."""
    whole = Image.fromarray(np.array([[-5, 70_000]], np.int32))
    broken = Image.fromarray(np.array([[-0.5, np.nan, 1.0]], np.float32))
    with quiet_pillow():
        assert pixels_of(encoded(whole, "TIFF"), "grey").ravel().tolist() == [0, 255]
        assert pixels_of(encoded(broken, "TIFF"), "grey").ravel().tolist()[:2] == [0, 0]


def test_a_photo_that_shrinks_looks_the_same_with_coarse_colours(cats_dogs: Path) -> None:
    """Else the quick way to spread a JPEG's colours would show in the images that the models see."""
    for path in sorted((cats_dogs / "dogs").iterdir())[:40]:
        data = path.read_bytes()
        smooth = pixels_of(data)
        height, width = (max(1, round(0.7 * side)) for side in smooth.shape[:2])
        small = [cv2.resize(pixels, (width, height)) for pixels in (smooth, pixels_of(data, at_least=(height, width)))]
        assert np.abs(np.subtract(*small, dtype=np.int16)).mean() < 3  # levels of 255
