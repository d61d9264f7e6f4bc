"""Bytes of an image file to pixels, uint8, upright, in sRGB."""

from pixelproof.data.photos.bad_image import BadImageError
from pixelproof.data.photos.opening import open_image, read_orientation
from pixelproof.data.photos.pixels import Colour, Pixels, in_colour, upright
from pixelproof.data.photos.reading import read_jpeg, read_photo

ACCEPTED = 1_000_000  # megapixels: how large a photo may be is asked before


def decode(
    data: bytes,
    format: str,
    mode: str,
    orientation: int,
    colour: Colour,
    at_least: tuple[int, int] | None = None,
) -> Pixels:
    """Return the pixels, upright, of a file that `examine` has accepted; `format`, `mode`, `orientation` are its own.

    With `at_least` (height, width as a person sees them) a large JPEG comes out smaller, but not below it: at 1/8,
    1/4 or 1/2 of its size, rounded up. Raises BadImageError.
    """
    if at_least and orientation >= 5:
        at_least = at_least[1], at_least[0]
    if fast := read_jpeg(data, format, mode, colour, at_least):
        return upright(fast[0], orientation)
    return in_colour(read_photo(data, ACCEPTED).pixels, colour)


def glimpse(data: bytes, at_least: tuple[int, int]) -> Pixels | None:
    """Return what a person can see of any file, upright and in colour; None where nothing can be seen.

    For pictures only, never for training: of a JPEG that breaks off, what comes before the break is shown.
    `at_least` as in `decode`.
    """
    try:
        with open_image(data) as image:
            format, mode, orientation = image.format or "", image.mode, read_orientation(image)
    except BadImageError as bad:
        if bad.reason == "decompression bomb":
            return None
        format, mode, orientation = "", "", 1  # side data, or levels that Pillow does not know
    try:
        return decode(data, format, mode, orientation, "rgb", at_least)
    except BadImageError:
        return None
