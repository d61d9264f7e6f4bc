"""TIFF files of more than 8 bits: every way to store levels that Pillow misreads or refuses."""

import io
from typing import Any

import cv2
import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

from pixelproof.data.ingest.facts import examine
from pixelproof.data.photos.bad_image import BadImageError
from pixelproof.data.photos.decode import decode, glimpse
from pixelproof.data.photos.opening import quiet_pillow
from pixelproof.data.photos.reading import Photo, read_photo
from tests.support.photos import encoded, picture

SPREAD = {"uint16": 257, "uint32": 2**24 + 2**16 + 257, "float32": 1 / 255, "float64": 1 / 255}
STEPS = np.asarray(picture())  # 48 x 32 x 3
WITH_ENDS = STEPS.copy()
WITH_ENDS[0, 0], WITH_ENDS[0, 1] = 0, 255  # so that the range is proved


def tiff(levels: np.ndarray, **options: Any) -> bytes:
    file = io.BytesIO()
    tifffile.imwrite(file, levels, **options)
    return file.getvalue()


def read(data: bytes) -> Photo:
    with quiet_pillow():
        return read_photo(data)


def refusal(data: bytes) -> BadImageError:
    with quiet_pillow(), pytest.raises(BadImageError) as refused:
        examine(data)
    return refused.value


@settings(max_examples=80)
@given(
    kind=st.sampled_from(sorted(SPREAD)),
    colours=st.booleans(),
    planes=st.booleans(),
    byteorder=st.sampled_from("<>"),
    compression=st.sampled_from([None, "zlib"]),
    predictor=st.booleans(),
    tiled=st.booleans(),
    big=st.booleans(),
)
def test_the_same_picture_is_read_from_every_way_to_store_it(
    kind: str,
    colours: bool,
    planes: bool,
    byteorder: str,
    compression: str | None,
    predictor: bool,
    tiled: bool,
    big: bool,
) -> None:
    """Else it would be scrambled, negative or black, and no copy of itself."""
    pixels = WITH_ENDS if colours else WITH_ENDS[..., 1]
    levels = (pixels * (SPREAD[kind] if kind[0] == "f" else np.uint64(SPREAD[kind]))).astype(kind)
    options: dict[str, Any] = {"photometric": "rgb", "planarconfig": "separate" if planes else "contig"}
    data = tiff(
        levels.transpose(2, 0, 1) if colours and planes else levels,
        **(options if colours else {"photometric": "minisblack"}),
        byteorder=byteorder,
        compression=compression,
        predictor=bool(compression) and predictor and kind[0] == "u",
        tile=(16, 16) if tiled else None,
        bigtiff=big and byteorder == "<",  # Pillow, which reads the tags, knows no others
    )
    assert np.array_equal(read(data).pixels, pixels if colours else pixels[..., None])


@pytest.mark.parametrize("kind", ["uint16", "uint32", "float32"])
def test_white_may_be_zero(kind: str) -> None:
    """Else an X-ray would be its own negative."""
    levels = (WITH_ENDS[..., 0] * (SPREAD[kind] if kind[0] == "f" else np.uint64(SPREAD[kind]))).astype(kind)
    assert np.array_equal(read(tiff(levels, photometric="miniswhite")).pixels[..., 0], 255 - WITH_ENDS[..., 0])


def test_signed_levels_run_from_the_lowest_to_the_highest() -> None:
    """Else the dark half would be black."""
    levels = WITH_ENDS[..., 0].astype(np.int32) * 257 - 2**15
    assert np.array_equal(
        read(tiff(levels.astype(np.int16), photometric="minisblack")).pixels[..., 0], WITH_ENDS[..., 0]
    )
    whole = WITH_ENDS[..., 0].astype(np.int16) - 128
    assert np.array_equal(read(tiff(whole.astype(np.int8), photometric="minisblack")).pixels[..., 0], WITH_ENDS[..., 0])


@pytest.mark.parametrize("bits", [10, 12, 14])
def test_fewer_bits_than_there_is_room_for_are_scaled(bits: int) -> None:
    """Else a microscope's photos would be nearly black."""
    levels = (WITH_ENDS.astype(float) * (2**bits - 1) / 255).round().astype(np.uint16)
    photo = read(tiff(levels, photometric="rgb"))
    assert np.array_equal(photo.pixels, WITH_ENDS)
    assert photo.notes == [f"more than 8 bits, scaled ({bits} bits in 16)"]


def test_the_range_that_a_file_names_is_taken() -> None:
    """Else a photo of 12 bits without a white pixel would be refused, though the file says all."""
    levels = np.full((8, 8), 3000, np.uint16)
    assert refusal(tiff(levels, photometric="minisblack")).reason == "range of levels unknown"
    named = tiff(levels, photometric="minisblack", extratags=[(281, "H", 1, 4095, True)])
    assert np.unique(read(named).pixels).tolist() == [187]


@pytest.mark.parametrize(("alpha", "expected"), [("unassalpha", 191), ("assocalpha", 223)])
def test_alpha_of_16_bits_is_laid_over_white(alpha: str, expected: int) -> None:
    """Else hidden colours would show; 64 of 255 half transparent: (64 + 191) / 2 + ..., by hand for both kinds."""
    levels = np.zeros((8, 8, 4), np.uint16)
    levels[..., :3], levels[..., 3] = 257 * 127 if alpha == "unassalpha" else 257 * 95, 257 * 128
    levels[0, 0] = FULL_WHITE
    shown = read(tiff(levels, photometric="rgb", extrasamples=[alpha]))
    assert shown.transparent
    assert abs(int(shown.pixels[4, 4, 0]) - expected) <= 1


FULL_WHITE = 65535


def test_channels_packed_as_lzw_are_read() -> None:
    """Else the usual compression of photo programs would be refused."""
    levels = WITH_ENDS.astype(np.uint16) * 257
    data = cv2.imencode(".tiff", levels[..., ::-1])[1].tobytes()  # LZW with a predictor
    with tifffile.TiffFile(io.BytesIO(data)) as file:
        assert file.pages.first.compression == tifffile.COMPRESSION.LZW
    assert np.array_equal(read(data).pixels, WITH_ENDS)


@pytest.mark.parametrize("compression", ["tiff_lzw", "packbits", "zstd", "lzma"])
def test_grey_of_16_bits_is_read_however_it_is_packed(compression: str) -> None:
    """Else the usual compression of photo programs would be refused."""
    from PIL import Image

    image = Image.fromarray(WITH_ENDS[..., 0].astype(np.uint16) * 257)
    assert np.array_equal(read(encoded(image, "TIFF", compression=compression)).pixels[..., 0], WITH_ENDS[..., 0])


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_tiff_of_16_bits_stands_upright_as_one_of_8_does(orientation: int) -> None:
    """Else the deep copy of a photo would be another picture."""
    tag = [(274, "H", 1, orientation, True)]
    deep = read(tiff(WITH_ENDS.astype(np.uint16) * 257, photometric="rgb", extratags=tag))
    plain = read(tiff(WITH_ENDS, photometric="rgb", extratags=tag))
    assert np.array_equal(deep.pixels, plain.pixels)
    assert (deep.height, deep.width) == (plain.height, plain.width)


def test_cmyk_of_16_bits_is_that_of_8() -> None:
    """Else a print shop's photo would be refused, or have its inks scaled each for itself."""
    inks = np.concatenate([WITH_ENDS // 2, WITH_ENDS[..., :1] // 4], -1)
    deep = read(tiff(inks.astype(np.uint16) * 257, photometric="separated"))
    assert np.array_equal(deep.pixels, read(tiff(inks, photometric="separated")).pixels)


def test_a_tiff_of_16_bits_can_be_resized_and_looked_at() -> None:
    """Else ingest would accept what resize and the sheets cannot read."""
    data = tiff(WITH_ENDS.astype(np.float16) / 255, photometric="rgb")
    facts = examine(data)
    assert decode(data, facts.format, facts.mode, facts.orientation, "grey").shape == (48, 32, 1)
    seen = glimpse(data, (8, 8))
    assert seen is not None
    assert seen.shape == (48, 32, 3)


def test_pages_are_counted() -> None:
    """Else a stack of photos would pass for one."""
    assert read(tiff(np.stack([WITH_ENDS[..., 0].astype(np.uint16) * 257] * 5), photometric="minisblack")).frames == 5


@pytest.mark.parametrize("share", [0.3, 0.7, 0.97])
@pytest.mark.parametrize("compression", [None, "zlib"])
def test_a_cut_file_is_refused(share: float, compression: str | None) -> None:
    """Else the missing part would be trained on as black."""
    noise = np.random.default_rng(0).integers(0, 65536, (64, 64, 3)).astype(np.uint16)
    data = tiff(noise, photometric="rgb", compression=compression)
    assert refusal(data[: int(len(data) * share)]).reason in ("truncated or damaged", "not an image")


def test_a_strip_that_inflates_without_end_is_refused() -> None:
    """Else a megabyte could take a gigabyte of memory."""
    data = tiff(np.zeros((3000, 4000), np.uint16), photometric="minisblack", compression="zlib", rowsperstrip=3000)
    small = data.replace((3000).to_bytes(2, "little"), (30).to_bytes(2, "little"))  # height and rows a strip
    assert small != data
    assert refusal(small).reason in ("decompression bomb", "truncated or damaged")


@pytest.mark.parametrize("photometric", [32803, 34892, 3, 8])
def test_levels_that_mean_something_else_are_named(photometric: int) -> None:
    """Else the raw sensor data of a camera would pass for a grey photo."""
    data = bytearray(tiff(WITH_ENDS[..., 0].astype(np.uint16) * 257, photometric="minisblack"))
    at = data.index((262).to_bytes(2, "little") + (3).to_bytes(2, "little"))
    data[at + 8 : at + 10] = photometric.to_bytes(2, "little")
    assert refusal(bytes(data)).reason == "format not read"
