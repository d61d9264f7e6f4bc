"""The section `baselines`: what `make baselines` trains beside the two models, to see what a parameter buys."""

from typing import Annotated

from pydantic import Field

from pixelproof.params.section import Positive, Section

ShareOfPhotos = Annotated[float, Field(gt=0, le=1)]


class Baselines(Section):
    widths: list[Positive]  # MLPs with one hidden layer of so many units
    shares: list[ShareOfPhotos]  # of the training photos: a learning curve of both models
