"""The section `mlp`: the baseline, scikit-learn's MLPClassifier."""

from typing import Annotated, Literal

from pydantic import Field

from pixelproof.params.recipe import AboveZero, Schedule
from pixelproof.params.section import Positive, Section, Share


class Mlp(Section):
    hidden: list[Positive]
    activation: Literal["identity", "logistic", "tanh", "relu"]
    l2: Annotated[float, Field(ge=0)]
    learning_rate: AboveZero  # with a schedule, the highest
    schedule: Schedule | None = None
    average_weights: Share | None = None  # how much of the average each step keeps
    augment: bool | None = None  # false: it trains on the training images themselves, not on altered views of them
