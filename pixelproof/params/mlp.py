"""The section `mlp`: the baseline, scikit-learn's MLPClassifier."""

from typing import Annotated, Literal

from pydantic import Field

from pixelproof.params.recipe import AboveZero, Schedule
from pixelproof.params.section import Positive, Section, Share
from pixelproof.params.train import Train


class Mlp(Section):
    hidden: list[Positive]
    activation: Literal["identity", "logistic", "tanh", "relu"]
    l2: Annotated[float, Field(ge=0)]
    learning_rate: AboveZero  # with a schedule, the highest
    schedule: Schedule | None = None
    average_weights: Share | None = None  # how much of the average each step keeps
    epochs: Positive | None = None  # at most; absent: train.epochs
    augment: bool | None = None  # false: it trains on the training images themselves, not on altered views of them

    def own(self, train: Train) -> Train:
        """Return the section `train` as it holds for the MLP: with the MLP's own number of epochs, if it has one."""
        return train.model_copy(update={"epochs": self.epochs or train.epochs})
