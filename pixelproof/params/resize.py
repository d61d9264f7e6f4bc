"""The section `resize`: the size of the images that both models see."""

from typing import Literal

from pixelproof.params.section import Positive, Section


class Resize(Section):
    height_px: Positive
    width_px: Positive
    colour: Literal["rgb", "grey"]
    fit: Literal["stretch", "pad", "crop"]
