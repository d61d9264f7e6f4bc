"""The section `train`: how long both models are trained, and on how many images at once."""

from typing import Annotated, Literal

from pydantic import Field

from pixelproof.params.recipe import AboveZero
from pixelproof.params.section import Positive, Section


class EarlyStopping(Section):
    monitor: Literal["valid_loss", "valid_accuracy"]
    patience_epochs: Positive


class Train(Section):
    epochs: Positive
    batch_size: Positive
    early_stopping: EarlyStopping | None = None
    max_minutes: AboveZero | None = None  # of training and validation, over all continuations
    checkpoint_minutes: AboveZero | None = None  # absent: saved after each epoch only
    experiment: Annotated[str, Field(min_length=1, max_length=200)] | None = None  # MLflow's, not DVC's
