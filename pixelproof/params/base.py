"""What every section of params.yaml shares: strictness, and the types of its values."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Positive = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, lt=1)]
Size = Positive | Annotated[list[Positive], Field(min_length=2, max_length=2)]  # one side, or [height, width]
Padding = Literal["valid", "same"] | Annotated[int, Field(ge=0)]
Activation = Literal["linear", "relu", "elu", "gelu", "leaky_relu", "sigmoid", "silu", "tanh"]
# Lower case and no dots, so that `dvc exp run -S cnn.layers.conv1.filters=32` reaches the layer.
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)
