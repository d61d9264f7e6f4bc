"""Photos of any size to images of one size."""

import hashlib
import io
import struct
import zlib
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import simplejpeg
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from PIL import Image

import pixelproof.data.resize as resize_module
from pixelproof.data.images.store import ImageStore
from pixelproof.data.ingest.manifest import Inventory
from pixelproof.data.photos.decode import decode
from pixelproof.data.photos.opening import EXIF_ORIENTATION
from pixelproof.data.photos.pixels import upright
from pixelproof.data.resize import fit, fitted_size, resize_photos
from pixelproof.data.sources.folders import FolderSource
from pixelproof.data.sources.source import open_source
from pixelproof.errors import UserError
from pixelproof.files.journal import Journal
from pixelproof.params.ingest import Ingest
from pixelproof.params.resize import Resize
from tests.support.photos import photo
from tests.support.sources import take_inventory
from tests.support.stops import stop_after

BACK = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}  # the orientation that undoes one
SIDES = st.integers(1, 5000)
FITS = st.sampled_from(["stretch", "pad", "crop"])


def resize(fit: str, height: int = 20, width: int = 20, colour: str = "rgb") -> Resize:
    return Resize.model_validate({"height_px": height, "width_px": width, "colour": colour, "fit": fit})


def inventory_of(source: Path) -> Inventory:
    usual: dict[str, Any] = {"min_images_per_class": 1, "min_side_px": 1, "max_quarantined_share": 0}
    return take_inventory(source, Ingest(source=str(source), **usual))


def made(source: Path, inventory: Inventory, params: Resize, folder: Path) -> ImageStore:
    with open_source(source) as opened:
        resize_photos(opened, inventory.photos, inventory.classes, params, folder, Journal())
    return ImageStore.open(folder)


def hashes(folder: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in folder.iterdir()}


@given(height=SIDES, width=SIDES, to_height=SIDES, to_width=SIDES)
def test_pad_fits_inside_and_touches_a_side(height: int, width: int, to_height: int, to_width: int) -> None:
    """Else the photo would not fit its frame, or be smaller than it could be."""
    fitted = fitted_size(height, width, resize("pad", to_height, to_width))
    assert 1 <= fitted[0] <= to_height
    assert 1 <= fitted[1] <= to_width
    assert fitted[0] == to_height or fitted[1] == to_width


@given(height=SIDES, width=SIDES, to_height=SIDES, to_width=SIDES)
def test_crop_covers_the_frame_and_is_no_larger_than_needed(
    height: int, width: int, to_height: int, to_width: int
) -> None:
    """Else a crop would have bars, or cut away more than it must."""
    fitted = fitted_size(height, width, resize("crop", to_height, to_width))
    assert fitted[0] >= to_height
    assert fitted[1] >= to_width
    assert fitted[0] == to_height or fitted[1] == to_width


@given(height=SIDES, width=SIDES, to_height=SIDES, to_width=SIDES, how=st.sampled_from(["pad", "crop"]))
def test_the_aspect_is_kept_to_within_a_pixel(height: int, width: int, to_height: int, to_width: int, how: str) -> None:
    """Else circles would become ellipses."""
    scales = Fraction(to_height, height), Fraction(to_width, width)
    scale = min(scales) if how == "pad" else max(scales)
    fitted = fitted_size(height, width, resize(how, to_height, to_width))
    assert abs(fitted[0] - height * scale) <= 1
    assert abs(fitted[1] - width * scale) <= 1


@given(height=SIDES, width=SIDES, to_height=SIDES, to_width=SIDES)
def test_stretch_takes_the_frame(height: int, width: int, to_height: int, to_width: int) -> None:
    """Else stretched photos would have bars."""
    assert fitted_size(height, width, resize("stretch", to_height, to_width)) == (to_height, to_width)


PIXELS = st.tuples(st.integers(1, 60), st.integers(1, 60), st.sampled_from([1, 3])).flatmap(
    lambda shape: npst.arrays(np.uint8, shape, elements=st.integers(0, 255), fill=st.integers(0, 255))
)


@settings(max_examples=60)
@given(pixels=PIXELS, how=FITS, height=st.integers(1, 40), width=st.integers(1, 40))
def test_any_photo_gets_the_exact_size(pixels: np.ndarray, how: str, height: int, width: int) -> None:
    """Else the image store would refuse it, after hours."""
    fitted = fit(pixels, resize(how, height, width))
    assert fitted.shape == (height, width, pixels.shape[2])
    assert fitted.dtype == np.uint8


@settings(max_examples=60)
@given(pixels=PIXELS, how=FITS)
def test_a_photo_of_the_right_size_is_not_touched(pixels: np.ndarray, how: str) -> None:
    """Else small photos, such as the digits, would be blurred for nothing."""
    assert np.array_equal(fit(pixels, resize(how, *pixels.shape[:2])), pixels)


@settings(max_examples=60)
@given(height=st.integers(1, 60), width=st.integers(1, 60), to_height=st.integers(1, 40), to_width=st.integers(1, 40))
def test_bars_are_black_and_the_photo_is_in_the_middle(height: int, width: int, to_height: int, to_width: int) -> None:
    """Else the bars would be a sign of the photo's shape that is not meant, or lie on one side."""
    params = resize("pad", to_height, to_width)
    fitted = fit(np.full((height, width, 3), 200, np.uint8), params)
    seen = fitted_size(height, width, params)
    assert set(np.unique(fitted)) <= {0, 200}
    for axis, inside, frame in ((0, seen[0], to_height), (1, seen[1], to_width)):
        filled = np.flatnonzero(fitted[..., 0].any(axis=1 - axis))
        before, after = filled[0], frame - 1 - filled[-1]
        assert len(filled) == inside
        assert abs(before - after) <= 1


def test_a_crop_is_the_middle() -> None:
    """Else the subject, which is mostly in the middle, would be cut away."""
    pixels = np.zeros((20, 60, 1), np.uint8)
    pixels[:, 20:40] = 255
    assert (fit(pixels, resize("crop")) == 255).all()
    assert (fit(pixels.transpose(1, 0, 2), resize("crop")) == 255).all()


@pytest.mark.parametrize("how", ["stretch", "pad", "crop"])
@pytest.mark.parametrize("side", [9, 31, 200])
def test_the_mean_brightness_stays(how: str, side: int) -> None:
    """Else fine patterns would turn into others when they shrink (aliasing)."""
    stripes = np.zeros((side * 2, side * 2, 1), np.uint8)
    stripes[:, ::2] = 240
    assert abs(fit(stripes, resize(how, 10, 10)).mean() - 120) < 12


def soft_picture(height: int, width: int, period: float, seed: int) -> np.ndarray:
    """Draw waves of colour, the shortest of `period` pixels; uint8 (height, width, 3)."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width] / period * 2 * np.pi
    angles, phases = rng.uniform(0, np.pi, 3), rng.uniform(0, 2 * np.pi, 3)
    waves = [np.sin(x * np.cos(angle) + y * np.sin(angle) + phase) for angle, phase in zip(angles, phases, strict=True)]
    return (127.5 + 110 * np.stack(waves, 2)).round().astype(np.uint8)


@settings(max_examples=150)
@given(
    chroma=st.sampled_from(["444", "422", "420", "440", "411"]),
    size=st.tuples(st.integers(40, 700), st.integers(40, 700)),
    to=st.tuples(st.integers(12, 150), st.integers(12, 150)),
    how=FITS,
    orientation=st.sampled_from(range(1, 9)),
    seed=st.integers(0, 99),
)
def test_a_photo_decoded_at_a_fraction_is_resized_as_if_decoded_whole(
    chroma: str, size: tuple[int, int], to: tuple[int, int], how: str, orientation: int, seed: int
) -> None:
    """Else its colours would be those of its neighbours, or the picture be shifted where a side is no multiple of 8."""
    params = resize(how, *to)
    fitted = fitted_size(*size, params)
    shrinks = max(1, size[0] / fitted[0], size[1] / fitted[1])
    soft = soft_picture(*size, 64 * shrinks, seed)  # a wave takes at least 64 pixels of the image: 11 levels a pixel
    data = simplejpeg.encode_jpeg(upright(soft, BACK[orientation]).copy(), quality=98, colorsubsampling=chroma)
    small = decode(data, "JPEG", "RGB", orientation, "rgb", fitted)
    whole = upright(simplejpeg.decode_jpeg(data), orientation)
    assert np.abs(fit(small, params, size, orientation).astype(int) - fit(whole, params)).max() <= 3


def test_the_photos_of_a_manifest_become_a_store(source: Path, tmp_path: Path) -> None:
    """Else images, labels and ids would not belong together."""
    inventory = inventory_of(source)
    store = made(source, inventory, resize("stretch", 16, 20), tmp_path / "store")
    assert store.shape == (16, 20, 3)
    assert store.index[["id", "label"]].values.tolist() == inventory.photos[["id", "label"]].values.tolist()
    assert store.made_with == {"height_px": 16, "width_px": 20, "colour": "rgb", "fit": "stretch"}
    for id, image in zip(store.index["id"], store.gather(np.arange(len(store))), strict=True):
        with Image.open(source / id) as original:
            expected = np.asarray(original.resize((20, 16), Image.Resampling.BOX)).astype(int)
        assert np.abs(image - expected).mean() < 6


def test_two_runs_write_the_same_bytes(source: Path, tmp_path: Path) -> None:
    """Else DVC would run every later stage again for nothing."""
    inventory = inventory_of(source)
    for name in ("first", "second"):
        made(source, inventory, resize("pad", 24, 24, "grey"), tmp_path / name)
    assert hashes(tmp_path / "first") == hashes(tmp_path / "second")


def test_grey_images_have_one_channel(source: Path, tmp_path: Path) -> None:
    """Else `colour: grey` would cost three channels."""
    assert made(source, inventory_of(source), resize("crop", colour="grey"), tmp_path / "store").shape == (20, 20, 1)


def test_turned_photos_stand_upright_in_the_store(tmp_path: Path) -> None:
    """Else a phone's photos would be trained on lying on their side."""
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = 6  # the first row of the file is the right side of the photo
    pixels = np.zeros((400, 600, 3), np.uint8)
    pixels[:200] = 255
    source = tmp_path / "photos"
    for label in ("a", "b"):
        (source / label).mkdir(parents=True)
    Image.fromarray(pixels).save(source / "a" / "a.jpg", exif=exif)
    photo("bars", 0).save(source / "b" / "b.jpg")
    image = made(source, inventory_of(source), resize("pad", 30, 20), tmp_path / "store").gather(np.array([0]))[0]
    assert image[:, :9].max() < 10
    assert image[:, 11:].min() > 245


def test_a_photo_that_disappeared_since_ingest_is_named(source: Path, tmp_path: Path) -> None:
    """Else a traceback from a thread would meet the user."""
    inventory = inventory_of(source)
    (source / "dots" / "dots003.jpg").unlink()
    with pytest.raises(UserError) as refused:
        made(source, inventory, resize("pad"), tmp_path / "store")
    assert str(source / "dots" / "dots003.jpg") in str(refused.value)
    assert "dvc repro" in str(refused.value)


def test_a_photo_that_was_damaged_since_ingest_is_named(source: Path, tmp_path: Path) -> None:
    """Else a half photo would be trained on."""
    inventory = inventory_of(source)
    path = source / "dots" / "dots003.jpg"
    path.write_bytes(path.read_bytes()[:300])
    with pytest.raises(UserError, match=r"dots003\.jpg"):
        made(source, inventory, resize("pad"), tmp_path / "store")


def test_a_photo_that_was_exchanged_since_ingest_is_named(source: Path, tmp_path: Path) -> None:
    """Else the store would hold another photo than the manifest lists, as `resize_photos` says it does not."""
    inventory = inventory_of(source)
    photo("bars", 99).save(source / "dots" / "dots003.jpg")
    with pytest.raises(UserError, match=r"dots003\.jpg"):
        made(source, inventory, resize("pad"), tmp_path / "store")


def test_pillows_notes_about_odd_files_do_not_stop_resize(tmp_path: Path) -> None:
    """Else photos that ingest has accepted would fill the terminal, or fail where warnings are errors."""
    source = tmp_path / "photos"
    content = struct.pack(">II", 0, 0)  # an animation of no frames: Pillow warns of it
    chunk = struct.pack(">I", 8) + b"acTL" + content + struct.pack(">I", zlib.crc32(b"acTL" + content))
    for label in ("bars", "dots"):
        (source / label).mkdir(parents=True)
        for number in range(10):
            buffer = io.BytesIO()
            photo(label, number).save(buffer, "PNG")
            data = buffer.getvalue()
            (source / label / f"{number}.png").write_bytes(data[:33] + chunk + data[33:])
    assert len(made(source, inventory_of(source), resize("pad"), tmp_path / "store")) == 20


def test_a_resize_that_was_stopped_goes_on(source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a run that was killed at 90 % would read all photos anew, or leave some out."""
    monkeypatch.setattr(resize_module, "PHOTOS_PER_TASK", 4)
    inventory, params = inventory_of(source), resize("pad")
    made(source, inventory, params, tmp_path / "whole")
    with Journal(tmp_path / "journal") as journal, suppress(KeyboardInterrupt):
        stop_after(monkeypatch, journal, lines=10)
        resize_photos(FolderSource(source), inventory.photos, inventory.classes, params, tmp_path / "stopped", journal)
    with Journal(tmp_path / "journal") as journal:
        assert len(journal.lines) == 10
        added: list[str] = []  # not calls of the decoder: threads of the stopped run may still end theirs
        monkeypatch.setattr(journal, "add", added.append)
        resize_photos(FolderSource(source), inventory.photos, inventory.classes, params, tmp_path / "stopped", journal)
    assert len(added) == (48 - 4 * 10) / 4
    assert hashes(tmp_path / "stopped") == hashes(tmp_path / "whole")
