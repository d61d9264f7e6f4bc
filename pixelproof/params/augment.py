"""The section `augment`: altered views of the training images."""

import json
from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, JsonValue, model_validator

from pixelproof.params.section import Name, Section


class Transform(BaseModel):
    """An albumentations transform: `kind` is its class name, every other key one of its arguments."""

    model_config = ConfigDict(extra="allow", frozen=True, strict=True)
    __pydantic_extra__: dict[str, JsonValue]
    kind: str

    @model_validator(mode="after")
    def holds_finite_numbers(self) -> Self:
        try:
            json.dumps(self.model_extra, allow_nan=False)
        except ValueError:
            raise ValueError(f"every number must be finite, got {self.model_extra}") from None
        return self


class Augment(Section):
    views: Annotated[int, Field(ge=0)]  # 0: drawn anew for every epoch, while training
    transforms: dict[Name, Transform]
