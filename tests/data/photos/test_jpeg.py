"""JPEG: damage that its decoder names, and the fraction at which a photo is decoded."""

import io
import re

import numpy as np
import pytest
import simplejpeg
from PIL import Image

from pixelproof.data.ingest.facts import examine
from pixelproof.data.photos.bad_image import BadImageError
from pixelproof.data.photos.jpeg import fraction
from pixelproof.data.photos.opening import quiet_pillow
from pixelproof.data.photos.reading import SIDE_DATA, Photo, read_photo
from tests.support.photos import encoded, picture

NOISE = Image.fromarray(np.random.default_rng(0).integers(0, 256, (96, 128, 3), dtype=np.uint8))
END = b"\xff\xd9"


def read(data: bytes) -> Photo:
    with quiet_pillow():
        return read_photo(data)


def refusal(data: bytes) -> BadImageError:
    with quiet_pillow(), pytest.raises(BadImageError) as refused:
        examine(data)
    return refused.value


def kinds() -> dict[str, bytes]:
    """Return a JPEG of every kind that Pillow writes: MPO is what cameras with two lenses write."""
    return {
        "baseline": encoded(NOISE, "JPEG"),
        "progressive": encoded(NOISE, "JPEG", progressive=True),
        "grey": encoded(NOISE.convert("L"), "JPEG"),
        "CMYK": encoded(NOISE.convert("CMYK"), "JPEG"),
        "progressive CMYK": encoded(NOISE.convert("CMYK"), "JPEG", progressive=True),
        "MPO": encoded(NOISE, "MPO", save_all=True, append_images=[NOISE]),
        "restart markers": encoded(NOISE, "JPEG", restart_marker_rows=1),
    }


@pytest.mark.parametrize("kind", kinds())
def test_data_that_end_too_early_are_refused_though_the_end_is_marked(kind: str) -> None:
    """Else the rest of the photo would be grey, and be trained on."""
    whole = kinds()[kind]
    end = whole.index(END, whole.index(b"\xff\xda")) if kind == "MPO" else len(whole) - 2
    start = whole.index(b"\xff\xda")
    refused = refusal(whole[: start + (end - start) // 2] + whole[end:])
    assert refused.reason == "truncated or damaged"
    assert re.search("premature end|instead of RST", refused.detail)


@pytest.mark.parametrize("kind", kinds())
def test_bytes_before_the_end_are_noted_and_cost_nothing(kind: str) -> None:
    """Else a sound photo with a camera's padding would be lost, or a damaged one pass without a word."""
    whole = kinds()[kind]
    end = whole.index(END, whole.index(b"\xff\xda"))
    photo = read(whole[:end] + b"\x11\x22\x33" * 40 + whole[end:])
    assert np.array_equal(photo.pixels, read(whole).pixels)
    assert len(photo.notes) == 1  # of 120 bytes the decoder has read some ahead
    assert re.fullmatch(r"damage in the JPEG data: 1[12]\d extraneous bytes before marker 0xd9", photo.notes[0])
    assert read(whole).notes == []


def scans(data: bytes) -> list[int]:
    return [found.start() for found in re.finditer(rb"\xff\xc4|\xff\xda", data)][1:]


def test_a_later_loss_is_seen_behind_harmless_bytes() -> None:
    """Else the decoder's first warning, which is all that it tells, would hide that half the photo is missing."""
    whole = kinds()["progressive"]
    padded = whole[: scans(whole)[2]] + bytes(50) + whole[scans(whole)[2] :]
    with pytest.raises(ValueError, match=r"4\d extraneous bytes"):
        simplejpeg.decode_jpeg(padded)
    assert re.fullmatch(r"damage in the JPEG data: 4\d extraneous bytes before marker 0xc4", *read(padded).notes)
    assert np.array_equal(read(padded).pixels, read(whole).pixels)
    last = padded.rindex(b"\xff\xda")
    refused = refusal(padded[: last + (len(padded) - last) // 2] + END)
    assert "premature end" in refused.detail


def test_a_missing_restart_marker_is_a_loss() -> None:
    """Else a stripe of the photo would show another place."""
    whole = kinds()["restart markers"]
    first, third = whole.index(b"\xff\xd1"), whole.index(b"\xff\xd3")
    assert refusal(whole[:first] + whole[third:]).reason == "truncated or damaged"


@pytest.mark.parametrize(
    "segment",
    [
        b"\xff\xe2\0\x0aMPF\0\xff\xff\xff\xff"[:12],
        b"\xff\xed\0\x12Photoshop 3.0\x008B",
        b"\xff\xe1\0\x0fExif\0\0II*\0\xff\xff\xff",
        b"\xff\xfe\0\x06\xff\xff\xff\xff",
        b"\xff\xe2\0\x14ICC_PROFILE\0\x01\x01\0\0\0\0",
    ],
    ids=["MPF", "Photoshop", "EXIF", "comment", "profile"],
)
def test_a_damaged_segment_condemns_no_pixels(segment: bytes) -> None:
    """Else a photo would be lost for what a program has written beside it."""
    whole = encoded(picture(), "JPEG", quality=95)
    assert np.array_equal(read(whole[:20] + segment + whole[20:]).pixels, read(whole).pixels)


def test_what_only_pillow_stumbles_over_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else an odd segment of a program would cost the photo, since some of Pillow's readers raise."""
    from PIL import JpegImagePlugin

    def broken(*_: object) -> None:
        raise ValueError("segment 13")

    monkeypatch.setitem(JpegImagePlugin.MARKER, 0xFFED, ("APP13", "", broken))
    whole = encoded(picture(), "JPEG", quality=95)
    photo = read(whole[:20] + b"\xff\xed\0\x06abcd" + whole[20:])
    assert photo.notes == [SIDE_DATA]
    assert np.array_equal(photo.pixels, read(whole).pixels)


@pytest.mark.parametrize(
    ("chroma", "at_least", "scale"),
    [
        ("420", (60, 80), 8),
        ("444", (60, 81), 4),
        ("Gray", (480, 640), 1),
        ("422", (60, 80), 1),
        ("422", (60, 5), 8),
        ("440", (3, 80), 8),
        ("440", (7, 80), 4),
        ("411", (60, 5), 4),
        ("441", (1, 1), 1),
        ("", (1, 1), 1),
    ],
)
def test_a_fraction_is_taken_where_chroma_lacks_nothing(chroma: str, at_least: tuple[int, int], scale: int) -> None:
    """Else colours would be those of their neighbours, or every photo be decoded whole."""
    assert fraction(480, 640, chroma, at_least) == scale


def test_a_huge_jpeg_is_examined_at_an_eighth(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else one photo of 200 megapixels would take 600 MB; its size is that of the photo all the same."""
    monkeypatch.setattr("pixelproof.data.photos.reading.WHOLE_PIXELS", 96 * 128 - 1)
    for chroma in ("444", "420", "422", "440", "411"):
        data = simplejpeg.encode_jpeg(np.asarray(NOISE), colorsubsampling=chroma)
        photo = read(data)
        assert (photo.height, photo.width, photo.pixels.shape) == (96, 128, (12, 16, 3))
    assert refusal(data[:900] + END).reason == "truncated or damaged"


def test_a_jpeg_in_a_file_of_another_name_is_one_group_with_its_own_pixels() -> None:
    """Else decoders that round otherwise would tear a photo and its lossless copy apart."""
    data = encoded(picture(), "JPEG", quality=90)
    copy = encoded(Image.fromarray(read(data).pixels), "PNG")
    assert examine(copy).pixels_sha256 == examine(data).pixels_sha256
    with Image.open(io.BytesIO(data)) as image:
        assert np.array_equal(np.asarray(image), read(data).pixels)


def test_bytes_before_every_restart_marker_are_noted() -> None:
    """Else a photo whose encoder pads each stripe would be lost, or a stripe that is missing be passed over."""
    whole = kinds()["restart markers"]
    padded = re.sub(rb"(\xff[\xd0-\xd7])", rb"%s\1" % bytes(30), whole)
    assert padded.count(bytes(30)) == 5
    photo = read(padded)
    assert np.array_equal(photo.pixels, read(whole).pixels)
    assert len(photo.notes) == 1
    last = padded.index(b"\xff\xd4")
    assert "premature end" in refusal(padded[: last - 300] + padded[last - 30 :]).detail
