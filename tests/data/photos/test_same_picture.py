"""Pictures that look the same are one group, however they were stored."""

from typing import Any

import numpy as np
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from PIL import Image, ImageCms

from pixelproof.data.ingest.facts import examine
from pixelproof.data.photos.opening import EXIF_ORIENTATION, quiet_pillow
from pixelproof.data.photos.pixels import upright
from tests.data.photos.test_png import deep
from tests.data.photos.test_tiff import tiff
from tests.support.photos import encoded

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
BACK = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}  # the orientation that undoes one
PICTURES = npst.arrays(np.uint8, st.tuples(st.integers(1, 9), st.integers(1, 9), st.just(1)))
STORED = st.fixed_dictionaries(
    {
        "format": st.sampled_from(["PNG", "TIFF", "BMP", "WEBP"]),
        "bits": st.sampled_from([8, 16]),
        "colours": st.booleans(),  # a grey picture may be stored with three channels
        "alpha": st.booleans(),  # opaque
        "orientation": st.sampled_from(range(1, 9)),
        "profile": st.booleans(),
    }
)


def stored(pixels: np.ndarray, how: dict[str, Any]) -> bytes:
    """Store a picture, uint8 (height, width, 1 or 3), so that it looks as it does."""
    if how["format"] == "BMP":
        how = how | {"orientation": 1, "profile": False, "alpha": False}
    lying = np.ascontiguousarray(upright(pixels, BACK[how["orientation"]]))
    channels = 3 if how["colours"] or pixels.shape[2] == 3 or how["format"] == "WEBP" else 1
    lying = lying.repeat(channels // pixels.shape[2], 2)
    if how["alpha"]:
        lying = np.concatenate([lying, np.full_like(lying[..., :1], 255)], 2)
    deep_kind = how["bits"] == 16 and how["format"] in ("PNG", "TIFF")
    if deep_kind and how["format"] == "TIFF":
        return _deep_tiff(lying, channels, how)
    if deep_kind and how["orientation"] == 1 and not how["profile"]:
        return deep(lying.astype(np.uint16) * 257, {1: 0, 2: 4, 3: 2, 4: 6}[lying.shape[2]])
    image = Image.fromarray(lying[..., 0] if lying.shape[2] == 1 else lying)
    exif = Image.Exif()
    exif[EXIF_ORIENTATION] = how["orientation"]
    options: dict[str, Any] = {} if how["format"] == "BMP" else {"exif": exif}
    options |= {"icc_profile": SRGB} if how["profile"] else {}
    options |= {"lossless": True} if how["format"] == "WEBP" else {}
    return encoded(image, how["format"], **options)


def _deep_tiff(lying: np.ndarray, channels: int, how: dict[str, Any]) -> bytes:
    tags: list[Any] = [(274, tifffile.DATATYPE.SHORT, 1, how["orientation"], True)]
    if how["profile"]:
        tags.append((34675, tifffile.DATATYPE.UNDEFINED, len(SRGB), SRGB, True))
    return tiff(
        lying.astype(np.uint16) * 257 if lying.shape[2] > 1 else lying[..., 0].astype(np.uint16) * 257,
        photometric="rgb" if channels == 3 else "minisblack",
        planarconfig="contig",
        extrasamples=["unassalpha"] if how["alpha"] else None,
        extratags=tags,
    )


@settings(max_examples=200)
@given(picture=PICTURES, one=STORED, other=STORED, coloured=st.booleans())
def test_pictures_that_look_the_same_are_one_group(
    picture: np.ndarray, one: dict[str, Any], other: dict[str, Any], coloured: bool
) -> None:
    """Else a model would be tested with a photo that it was trained on, stored in another way."""
    if coloured:
        picture = np.concatenate([picture, 255 - picture, picture // 2], 2)
    with quiet_pillow():
        first, second = examine(stored(picture, one)), examine(stored(picture, other))
    assert first.pixels_sha256 == second.pixels_sha256
    assert (first.height, first.width) == picture.shape[:2]


@settings(max_examples=60)
@given(picture=PICTURES, one=STORED, where=st.tuples(st.integers(0, 80), st.integers(1, 255)))
def test_a_picture_that_differs_in_one_level_is_another(
    picture: np.ndarray, one: dict[str, Any], where: tuple[int, int]
) -> None:
    """Else different photos would be taken for copies."""
    changed = picture.copy()
    changed.flat[where[0] % changed.size] ^= where[1]
    with quiet_pillow():
        assert examine(stored(picture, one)).pixels_sha256 != examine(stored(changed, one)).pixels_sha256
