"""How a network learns, apart from its layers: the optimizer, the learning rate over the epochs, mixed images."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator

from pixelproof.params.section import Positive, Section, Share

AboveZero = Annotated[float, Field(gt=0)]
NotNegative = Annotated[float, Field(ge=0)]
Precision = Literal["float32", "mixed_bfloat16", "auto"]  # auto: the one that this machine computes faster


class Undecayed(Section):
    @model_validator(mode="before")
    @classmethod
    def has_no_weight_decay(cls, given: Any) -> Any:
        if isinstance(given, Mapping) and "weight_decay" in given:
            raise ValueError(f"kind {given['kind']!r} has no weight_decay; kinds that have it: adamw, lion, sgd")
        return given


class Adam(Undecayed):
    kind: Literal["adam"]
    beta_1: Share = 0.9
    beta_2: Share = 0.999
    epsilon: AboveZero = 1e-7


class AdamW(Section):
    kind: Literal["adamw"]
    weight_decay: NotNegative
    beta_1: Share = 0.9
    beta_2: Share = 0.999
    epsilon: AboveZero = 1e-7


class Lion(Section):
    kind: Literal["lion"]
    weight_decay: NotNegative | None = None
    beta_1: Annotated[float, Field(gt=0, lt=1)] = 0.9
    beta_2: Share = 0.99


class RmsProp(Undecayed):
    kind: Literal["rmsprop"]
    rho: Share = 0.9
    momentum: Share = 0.0
    epsilon: AboveZero = 1e-7


class Sgd(Section):
    kind: Literal["sgd"]
    momentum: Share = 0.0
    nesterov: bool = False
    weight_decay: NotNegative | None = None

    @model_validator(mode="after")
    def looks_ahead_with_momentum(self) -> Self:
        if self.nesterov and not self.momentum:
            raise ValueError("nesterov looks ahead along the momentum, which is 0; give momentum too, 0.9 for example")
        return self


Optimizer = Annotated[Adam | AdamW | Lion | RmsProp | Sgd, Field(discriminator="kind")]


class Constant(Section):
    kind: Literal["constant"]
    warmup_epochs: NotNegative = 0


class Cosine(Section):
    kind: Literal["cosine"]
    warmup_epochs: NotNegative = 0
    final_share: Share = 0.0  # of the learning rate, at the end of the last epoch


class StepSchedule(Section):
    kind: Literal["step"]
    milestones: Annotated[list[Positive], Field(min_length=1)]  # epochs after which the rate falls
    factor: Annotated[float, Field(gt=0, lt=1)]
    warmup_epochs: NotNegative = 0

    @model_validator(mode="after")
    def falls_in_order_and_after_the_warm_up(self) -> Self:
        if self.milestones != sorted(set(self.milestones)):
            raise ValueError(f"milestones must rise from one to the next, got {self.milestones}")
        if self.milestones[0] < self.warmup_epochs:
            raise ValueError(
                f"the first of the milestones, {self.milestones[0]}, lies within warmup_epochs {self.warmup_epochs:g}"
            )
        return self


Schedule = Annotated[Constant | Cosine | StepSchedule, Field(discriminator="kind")]


class Mix(Section):
    alpha: AboveZero  # of the Beta distribution that the share of the first image is drawn from


def too_late(schedule: Constant | Cosine | StepSchedule | None, epochs: int, name: str) -> tuple[str, str] | None:
    """Return the key of a schedule that `epochs` epochs never reach, and what is wrong with it; None if all is well.

    `name`: of the key of params.yaml that says how many epochs.
    """
    if schedule and schedule.warmup_epochs >= epochs:
        return "warmup_epochs", f"{schedule.warmup_epochs:g} must be fewer than {name}, which is {epochs}"
    if isinstance(schedule, StepSchedule) and schedule.milestones[-1] >= epochs:
        return "milestones", f"{schedule.milestones[-1]} is never reached, since {name} is {epochs}"
    return None
