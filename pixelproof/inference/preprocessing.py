"""From the bytes of a photo to the image that a network takes, by the code of `ingest` and `resize`."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pixelproof.data.photos.decode import decode
from pixelproof.data.photos.fit import fit, fitted_size
from pixelproof.data.photos.limits import check_side
from pixelproof.data.photos.pixels import CHANNELS, Colour, Pixels, in_colour
from pixelproof.data.photos.reading import read_photo
from pixelproof.paths import PREPROCESSING

FRACTIONS = ("JPEG", "MPO")  # formats that `resize` decodes at a fraction of their size


@dataclass(frozen=True)
class Preprocessing:
    """What a saved model knows of its inputs and outputs: the sections `resize` and `ingest`, and the classes."""

    classes: list[str]  # in the order of the model's outputs
    height_px: int
    width_px: int
    colour: Colour
    fit: Literal["stretch", "pad", "crop"]
    min_side_px: int
    max_megapixels: int

    @property
    def shape(self) -> tuple[int, int, int]:
        """(height, width, channels) of the images."""
        return self.height_px, self.width_px, CHANNELS[self.colour]

    @classmethod
    def load(cls, folder: Path) -> "Preprocessing":
        return cls(**json.loads((folder / PREPROCESSING).read_text("utf-8")))

    def image(self, data: bytes) -> Pixels:
        """Return a photo as the network takes it: uint8 (height, width, channels), 0-255.

        Raises BadImageError for a file that `ingest` would put in quarantine, with the same reason.
        """
        photo = read_photo(data, self.max_megapixels)
        check_side(photo.height, photo.width, self.min_side_px)
        size = photo.height, photo.width
        if photo.format in FRACTIONS:
            at_least = fitted_size(*size, self)
            pixels = decode(data, photo.format, photo.mode, photo.orientation, self.colour, at_least)
        else:
            pixels = in_colour(photo.pixels, self.colour)
        return fit(pixels, self, size, photo.orientation)
