"""Which bytes are taken for a photo, and what is said of those that are not."""

import logging
import struct
import warnings
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pixelproof.data.ingest.facts import Facts, examine
from pixelproof.data.photos.bad_image import BadImageError
from pixelproof.data.photos.limits import MAX_MEGAPIXELS
from pixelproof.data.photos.opening import FORMATS, quiet_pillow
from tests.support.photos import animation, encoded, picture

REASONS = {"zero bytes", "not an image", "truncated or damaged", "decompression bomb"}
REASONS |= {"format not read", "range of levels unknown"}


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


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png_that_claims(width: int, height: int) -> bytes:
    """Return a PNG of one bit per pixel with a header and (nearly) no pixels."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")


def test_no_bytes_are_a_reason_of_their_own() -> None:
    """Else an interrupted copy would be reported as a strange format."""
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


@pytest.mark.parametrize(("width", "height"), [(60_000, 60_000), (20_000, 9_000), (12_501, 10_000)])
def test_a_small_file_that_claims_a_huge_size_is_refused_before_it_is_decoded(width: int, height: int) -> None:
    """Else one file of 70 bytes could take all memory."""
    with quiet_pillow(), pytest.raises(BadImageError) as refused:
        examine(png_that_claims(width, height))
    assert refused.value.reason == "decompression bomb"


def test_a_photo_below_our_own_limit_is_no_bomb() -> None:
    """Else Pillow's lower limit would decide, not the one that we name."""
    width, height = 9_500, 10_000
    assert width * height < MAX_MEGAPIXELS * 1_000_000 / 2
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


def of_the_process() -> list[object]:
    return [
        Image.MAX_IMAGE_PIXELS,
        cv2.utils.logging.getLogLevel(),
        logging.getLogger("PIL").level,
        warnings.filters[:],
    ]


def test_blocks_that_overlap_in_any_order_put_all_back(capfd: pytest.CaptureFixture[str]) -> None:
    """A server that stopped while a photo was read elsewhere left its lower limit, and silence, to the process."""
    before = of_the_process()
    server, reader = quiet_pillow(50), quiet_pillow(200)
    with server:
        reader.__enter__()
    assert Image.MAX_IMAGE_PIXELS == 200_000_000
    reader.__exit__(None, None, None)
    assert of_the_process() == before
    outcome(damaged_tiff())
    assert capfd.readouterr().err != ""


def test_a_second_block_neither_ends_the_first_nor_lowers_its_limit(capfd: pytest.CaptureFixture[str]) -> None:
    """Else the requests of a server, which overlap, would change each other's limits and fill its log."""
    with quiet_pillow(200):
        with quiet_pillow(50):
            assert Image.MAX_IMAGE_PIXELS == 200_000_000
        assert Image.MAX_IMAGE_PIXELS == 200_000_000
        outcome(damaged_tiff())
        assert capfd.readouterr().err == ""


UNREAD = {
    "PostScript": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n%%EndComments\nshowpage\n",
    "a Windows icon (ICO)": encoded(picture(), "ICO"),
    "an icon of macOS (ICNS)": encoded(picture(), "ICNS"),
    "Photoshop's PSD": b"8BPS" + struct.pack(">H6xHIIHH", 1, 3, 8, 8, 8, 3) + bytes(300),
    "SVG": b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"></svg>',
    "Canon's raw format CR3": bytes(3) + b"\x18ftypcrx \0\0\0\1crx isom",
    "an MP4 film": bytes(3) + b"\x18ftypisom\0\0\2\0isommp41",
    "no known image format": encoded(picture(), "TGA"),
}


@pytest.mark.parametrize(
    ("data", "named"),
    [*((data, name) for name, data in UNREAD.items()), (encoded(picture(), "PCX"), "no known image format")],
    ids=[*UNREAD, "PCX"],
)
def test_formats_that_are_not_those_of_photos_are_refused(data: bytes, named: str) -> None:
    """Else an EPS would start Ghostscript, an ICO be decoded before its size is known, and any bytes be a TGA."""
    reason = "not an image" if named.startswith("no known") else "format not read"
    refused = outcome(data)
    assert isinstance(refused, BadImageError)
    assert refused.reason == reason
    assert refused.detail.startswith(named)


def damaged_tiff() -> bytes:
    """Return a file about which libtiff complains."""
    data = bytearray(encoded(picture(), "TIFF", compression="tiff_lzw"))
    data[8:40] = b"\xff" * 32
    return bytes(data)


def test_libtiff_writes_nothing_to_the_terminal(capfd: pytest.CaptureFixture[str]) -> None:
    """It writes to file descriptor 2 itself, which no filter of warnings sees."""
    with quiet_pillow():
        assert isinstance(outcome(damaged_tiff()), BadImageError)
    assert capfd.readouterr().err == ""
    outcome(damaged_tiff())
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
    monkeypatch.setattr("pixelproof.data.photos.limits.MAX_TIFF_PAGES", 100)
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
    data[21:25] = (9000 - 1 | (7000 - 1) << 14).to_bytes(4, "little")  # the header: width and height, 14 bits each
    assert getattr(outcome(bytes(data)), "detail", "") == (
        "9000 x 7000 pixels; the limit is 62,500,000 (ingest.max_megapixels / 4 for WEBP)"
    )
