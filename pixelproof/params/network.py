"""The sections of params.yaml that describe the networks: cnn, with its kinds of layers, and mlp."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pixelproof.params.base import Activation, Name, Padding, Positive, Section, Share, Size


class Conv(Section):
    kind: Literal["conv"]
    filters: Positive
    kernel: Size
    stride: Size = 1
    dilation: Size = 1
    padding: Padding = "valid"
    activation: Activation = "linear"
    bias: bool = True

    @model_validator(mode="after")
    def strides_or_dilates(self) -> Self:
        if self.stride not in (1, [1, 1]) and self.dilation not in (1, [1, 1]):
            raise ValueError("stride and dilation cannot both be above 1: no backend of Keras computes that")
        return self


class Pool(Section):
    kind: Literal["max_pool", "average_pool"]
    size: Size
    stride: Size | None = None  # absent: the size, so that windows touch and do not overlap
    padding: Padding = "valid"


class GlobalPool(Section):
    kind: Literal["global_average_pool", "global_max_pool"]


class ZeroPad(Section):
    kind: Literal["zero_pad"]
    rings: Positive


class BatchNorm(Section):
    kind: Literal["batch_norm"]
    momentum: Share = 0.99  # of the moving averages that are used once the training is over


class ActivationLayer(Section):
    kind: Literal["activation"]
    activation: Activation


class Dropout(Section):
    kind: Literal["dropout"]
    rate: Share


class Flatten(Section):
    kind: Literal["flatten"]


class Dense(Section):
    kind: Literal["dense"]
    units: Positive
    activation: Activation = "linear"
    bias: bool = True


Layer = Annotated[
    Conv | Pool | GlobalPool | ZeroPad | BatchNorm | ActivationLayer | Dropout | Flatten | Dense,
    Field(discriminator="kind"),
]


class Cnn(Section):
    layers: Annotated[dict[Name, Layer], Field(min_length=1)]
    head: Literal["sigmoid", "softmax"]
    learning_rate: Annotated[float, Field(gt=0)]

    @model_validator(mode="after")
    def leaves_reserved_names_alone(self) -> Self:
        taken = {"input", "scale", "output"} & set(self.layers)
        if taken:
            raise ValueError(f"layers: the name {min(taken)!r} is taken by the network's own layer; choose another")
        padded = [name for name, layer in self.layers.items() if isinstance(layer, Conv | Pool)]
        zeros = {f"{name}_zeros" for name in padded} & set(self.layers)
        if zeros:
            raise ValueError(f"layers: the name {min(zeros)!r} is kept for a layer's rings of zeros; choose another")
        return self


class Mlp(Section):
    hidden: list[Positive]
    activation: Literal["identity", "logistic", "tanh", "relu"]
    l2: Annotated[float, Field(ge=0)]
    learning_rate: Annotated[float, Field(gt=0)]
