"""Pillow's images, of whatever mode, to pixels: uint8, grey or RGB, as a person sees them."""

from collections.abc import Iterator

import numpy as np
from PIL import Image, ImageCms

from pixelproof.data.photos.levels import Range, find_range, to_8_bits
from pixelproof.data.photos.pixels import CHANNELS, Colour, Pixels, bands
from pixelproof.data.photos.profiles import NONE, Conversion

BACKGROUND = (255, 255, 255)  # what shows through transparent pixels
GREY_MODES = ("1", "L", "LA", "F")  # besides those of integers, which begin with I
WHOLE_RANGE = Range(0, 65535, "more than 8 bits, scaled")  # PPM and JPEG 2000 say theirs; Pillow scales them to 16 bits


def is_grey(image: Image.Image) -> bool:
    """Tell whether an image has one channel of brightness; a palette may be grey, too, and is not asked here."""
    return image.mode in GREY_MODES or image.mode.startswith("I")


def without_empty_alpha(image: Image.Image) -> Image.Image:
    """Return a BMP whose alpha is zero everywhere without it: programs for Windows leave the byte empty."""
    if image.format == "BMP" and image.mode == "RGBA" and not image.getchannel("A").getextrema()[1]:
        return image.convert("RGB")
    return image


def to_pixels(image: Image.Image, colour: Colour, convert: Conversion = NONE) -> tuple[Pixels, str]:
    """Decode an open image, as it lies in the file: what is transparent shows white. Return a note on its levels, too.

    Colours of CMYK are converted on the way; those of RGB and grey are left to the caller.
    """
    image.load()
    if image.mode.startswith("I") or image.mode == "F":
        levels = np.asarray(image)[..., None]
        span = find_range(levels) if image.mode == "F" else WHOLE_RANGE
        return to_8_bits(levels, span), span.note
    pixels = np.empty((image.height, image.width, CHANNELS[colour]), np.uint8)
    for rows, band in zip(bands(image.height, image.width), _crops(image), strict=True):
        pixels[rows] = _shown(band, colour, convert).reshape(pixels[rows].shape)
    return pixels, ""


def _crops(image: Image.Image) -> Iterator[Image.Image]:
    for rows in bands(image.height, image.width):
        yield image.crop((0, rows.start, image.width, rows.stop))


def _shown(image: Image.Image, colour: Colour, convert: Conversion) -> np.ndarray:
    if image.mode == "CMYK" and convert.apply:
        image = Image.fromarray(convert.apply(np.asarray(image)))
    return np.asarray(_flatten(image).convert("RGB" if colour == "rgb" else "L"))


def _flatten(image: Image.Image) -> Image.Image:
    """Return an image that `convert` takes to RGB or grey without loss of what is seen."""
    if image.mode == "LAB":  # Pillow converts it by colour profiles only
        lab, rgb = ImageCms.createProfile("LAB"), ImageCms.createProfile("sRGB")
        return ImageCms.profileToProfile(image, lab, rgb, outputMode="RGB") or image
    if image.has_transparency_data:
        seen = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", seen.size, (*BACKGROUND, 255)), seen)
    return image
