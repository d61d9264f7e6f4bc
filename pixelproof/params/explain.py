"""The section `explain`: what the page shows."""

from pixelproof.params.section import Positive, Section


class Explain(Section):
    photos: Positive
