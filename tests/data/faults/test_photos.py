"""Photos that other programs were reported to get wrong: the right values come from another decoder, or by hand."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from pixelproof.data.ingest.facts import examine
from pixelproof.data.ingest.manifest import take_inventory
from pixelproof.data.photos.bad_image import BadImageError
from pixelproof.data.photos.decode import decode
from pixelproof.data.photos.opening import quiet_pillow
from pixelproof.data.photos.pixels import Pixels
from pixelproof.data.photos.reading import read_photo
from pixelproof.data.resize import fit, fitted_size
from pixelproof.data.sources.source import open_source
from pixelproof.params.ingest import Ingest
from pixelproof.params.resize import Resize

Fault = Callable[[str], Path]


def rgb(path: Path) -> np.ndarray:
    """Read a file as ingest and resize do; int16, so that differences have a sign."""
    facts, data = examine(path.read_bytes()), path.read_bytes()
    return decode(data, facts.format, facts.mode, facts.orientation, "rgb").astype(np.int16)


def by_opencv(path: Path) -> np.ndarray:
    pixels = cv2.imread(str(path), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    assert pixels is not None
    return pixels[..., ::-1].astype(np.int16)


def refusal(path: Path) -> BadImageError:
    with quiet_pillow(), pytest.raises(BadImageError) as refused:
        examine(path.read_bytes())
    return refused.value


def test_01_one_grey_picture_is_one_group_and_a_conflict_under_two_labels(fault: Fault) -> None:
    """Else half of such pairs would be trained on and tested with."""
    assert len({examine((fault("01") / name).read_bytes()).pixels_sha256 for name in ("00_L.png", "00_RGB.png")}) == 1
    source = fault("01") / "two_labels"
    params = Ingest(source=str(source), min_images_per_class=1, min_side_px=1, max_quarantined_share=1)
    with open_source(source) as opened:
        quarantine = take_inventory(opened, params).quarantine
    assert quarantine["path"].tolist() == ["cats/grey_L.png", "dogs/grey_RGB.png"]
    assert set(quarantine["reason"]) == {"label conflict"}


RAMPS = ["float_0_4095", "float_0_65535", "i16_signed", "minisblack16", "miniswhite16", "u12_in_16", "u32"]


@pytest.mark.parametrize("name", RAMPS)
def test_03_a_ramp_from_black_to_white_is_one_whatever_its_levels_are(name: str, fault: Fault) -> None:
    """Else half of it would be black, or all of it, or it would be its own negative."""
    pixels = rgb(fault("03") / f"{name}.tif")[..., 0]
    if name == "miniswhite16":  # its levels are those of minisblack16, and 0 means white
        pixels = 255 - pixels
    assert abs(pixels.mean() - 127.5) < 0.1
    assert np.abs(pixels - np.linspace(0, 255, pixels.shape[1])).max() <= 1.5


def test_03_planes_beside_each_other_are_not_scrambled(fault: Fault) -> None:
    """Else 16 bits in planes would be trained on as stripes; the same picture in 8 bits is beside it."""
    assert np.array_equal(rgb(fault("03") / "rgb16planar.tif"), by_opencv(fault("03") / "planar.tif"))


def test_03_a_transparent_level_of_16_bits_shows_white(fault: Fault) -> None:
    """Else the note would say white, and the picture be black: 0 is transparent, 30,000 of 65,535 is 117."""
    assert sorted(np.unique(rgb(fault("03") / "g16_trns.png"))) == [117, 255]


@pytest.mark.parametrize("name", ["bad_crc_text", "big_iccp", "big_ztxt", "iccp_method1"])
def test_04_a_chunk_beside_the_pixels_condemns_none(name: str, fault: Fault) -> None:
    """Else a photo would be lost for the text that a program has written beside it."""
    path = fault("04") / f"{name}.png"
    assert np.array_equal(rgb(path), by_opencv(path))
    assert "passed over" in examine(path.read_bytes()).remarks[-1]


@pytest.mark.parametrize("name", ["cut_half_plus_EOI", "prog_cut_60pct_plus_EOI", "zeros_middle"])
def test_05_a_jpeg_whose_data_end_too_early_is_refused(name: str, fault: Fault) -> None:
    """Else half grey photos would be trained on."""
    refused = refusal(fault("05") / f"{name}.jpg")
    assert (refused.reason, "premature end" in refused.detail) == ("truncated or damaged", True)


@pytest.mark.parametrize("name", ["bits_middle", "spliced_other"])
def test_05_other_damage_of_a_jpeg_is_noted(name: str, fault: Fault) -> None:
    """Else nobody would look at photos whose colours are wrong from the middle on."""
    assert examine((fault("05") / f"{name}.jpg").read_bytes()).remarks[0].startswith("damage in the JPEG data: ")


@pytest.mark.parametrize("name", ["stripes_411", "stripes_422", "synth_440"])
def test_06_a_photo_decoded_at_a_fraction_has_the_colours_of_the_whole_one(name: str, fault: Fault) -> None:
    """Else stripes would change their colour, by up to 169 levels; the PNG holds the JPEG's own pixels."""
    params = Resize(height_px=60, width_px=80, colour="rgb", fit="stretch")
    whole = fit(np.asarray(Image.open(fault("06") / f"{name}.png")), params)
    resized = resized_as_the_stage_does((fault("06") / f"{name}.jpg").read_bytes(), params)
    assert np.abs(resized.astype(int) - whole).max() <= 3


def resized_as_the_stage_does(data: bytes, params: Resize) -> Pixels:
    facts = examine(data)
    size = facts.height, facts.width
    at_least = fitted_size(*size, params)
    pixels = decode(data, facts.format, facts.mode, facts.orientation, params.colour, at_least)
    return fit(pixels, params, size, facts.orientation)


@pytest.mark.parametrize("name", ["p3", "prophoto"])
def test_07_colours_with_a_profile_are_those_of_srgb(name: str, fault: Fault) -> None:
    """Else every photo of an iPhone would be paler than it looks."""
    path = fault("07") / f"{name}.png"
    assert np.abs(rgb(path) - by_opencv(fault("07") / "srgb.png")).max() <= 2
    assert examine(path.read_bytes()).remarks[0].startswith("colours converted to sRGB")


PEAK = """
import sys
from pathlib import Path
from pixelproof.data.ingest.facts import examine
from pixelproof.data.photos.opening import quiet_pillow
from tests.support.fuzz import peak_memory
with quiet_pillow():
    facts = examine(Path(sys.argv[1]).read_bytes())
print(facts.width, facts.height, peak_memory())
"""


def test_14_a_photo_of_108_megapixels_is_no_bomb(fault: Fault, tmp_path: Path) -> None:
    """Else the best photos of a phone would be lost; whole, such a photo would take 324 MB for its pixels alone."""
    path = tmp_path / "IMG_108MP.jpg"
    subprocess.run([sys.executable, fault("14") / "make.py", path], check=True)
    done = subprocess.run([sys.executable, "-c", PEAK, path], check=True, capture_output=True, text=True)
    width, height, peak = map(int, done.stdout.split())
    assert (width, height) == (12_000, 9_000)
    assert peak < 300 * 2**20


@pytest.mark.parametrize(
    ("name", "words"),
    [("photo.jxl", "JPEG XL: "), ("jpeg12.jpg", "JPEG of 12 bits: "), ("c_webp.tif", "TIFF compressed as WebP: ")],
)
def test_15_a_format_that_is_not_read_is_named_with_what_to_do(name: str, words: str, fault: Fault) -> None:
    """Else people would look for damage in sound files."""
    refused = refusal(fault("15") / name)
    assert refused.reason == "format not read"
    assert refused.detail.startswith(words)
    assert "save it" in refused.detail


def test_15_heic_is_named_where_it_cannot_be_read(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the owner of an iPhone would not know which package is missing."""
    from pixelproof.data.photos import opening

    monkeypatch.setattr(opening, "formats", lambda: opening.FORMATS)
    refused = refusal(fault("15") / "IMG_0001.HEIC")
    assert refused.reason == "format not read"
    assert "extra `heic`" in refused.detail


def test_15_heic_is_read_where_the_extra_is_installed(fault: Fault) -> None:
    """Else an iPhone's photos would have to be converted by hand."""
    pi_heif = pytest.importorskip("pi_heif")
    path = fault("15") / "IMG_0001.HEIC"
    heif = pi_heif.open_heif(path)
    assert heif.size == (128, 96)
    assert np.array_equal(rgb(path), np.asarray(heif))
    assert examine(path.read_bytes()).format == "HEIF"


@pytest.mark.parametrize(("name", "mean"), [("float16", 127.5), ("float64", 127.5), ("rgbfloat", 132.1)])
def test_15_floating_point_of_any_size_is_read(name: str, mean: float, fault: Fault) -> None:
    """Else a whole kind of scientific photo would be called no image. The means are those of `03`, which they copy."""
    assert abs(rgb(fault("15") / f"{name}.tif").mean() - mean) < 0.1


def test_16_a_bmp_whose_alpha_is_empty_is_opaque(fault: Fault) -> None:
    """Else pictures of many programs for Windows would all be white."""
    path = fault("16") / "bmp32_alpha0.bmp"
    assert np.array_equal(rgb(path), by_opencv(path))
    assert not read_photo(path.read_bytes()).transparent
