"""The section `cnn`: its layers, and how it learns."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self

from pydantic import Discriminator, Field, Tag, model_validator

from pixelproof.params.recipe import AboveZero, Mix, Optimizer, Precision, Schedule
from pixelproof.params.section import Activation, Name, Padding, Positive, Section, Share, Size

HeadKind = Literal["sigmoid", "softmax"]
SINGLE = (1, [1, 1])  # a stride or dilation that changes nothing


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
        if self.stride not in SINGLE and self.dilation not in SINGLE:
            raise ValueError("stride and dilation cannot both be above 1: no backend of Keras computes that")
        return self


class SeparableConv(Section):
    """A convolution of each channel by itself, then a 1x1 convolution over all channels."""

    kind: Literal["separable_conv"]
    filters: Positive
    kernel: Size
    stride: Positive = 1  # one number, as for dilation: TensorFlow slides separable kernels alike along both axes
    dilation: Positive = 1
    padding: Padding = "valid"
    depth_multiplier: Positive = 1  # outputs of each channel before the 1x1 convolution
    activation: Activation = "linear"
    bias: bool = True

    @model_validator(mode="after")
    def strides_or_dilates(self) -> Self:
        if self.stride > 1 and self.dilation > 1:
            raise ValueError("stride and dilation cannot both be above 1: no backend of Keras computes that")
        return self


class Pool(Section):
    kind: Literal["max_pool", "average_pool", "l2_pool"]
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


class Block(Section):
    """Named layers, one after the other; with `repeat` so many times, each time with weights of their own."""

    kind: Literal["block"]
    layers: Annotated[dict[Name, "Layer"], Field(min_length=1)]
    repeat: Positive | None = None


class Residual(Section):
    """Named layers whose output is added to their input, or to a 1x1 projection of it where the shape changes."""

    kind: Literal["residual"]
    layers: Annotated[dict[Name, "Layer"], Field(min_length=1)]
    activation: Activation = "linear"  # after the addition
    repeat: Positive | None = None


Layer = Annotated[
    Conv
    | SeparableConv
    | Pool
    | GlobalPool
    | ZeroPad
    | BatchNorm
    | ActivationLayer
    | Dropout
    | Flatten
    | Dense
    | Block
    | Residual,
    Field(discriminator="kind"),
]
Block.model_rebuild()
Residual.model_rebuild()


class Head(Section):
    """The output layer, after a dense layer of its own and, with a rate, dropout."""

    kind: HeadKind
    hidden: Positive
    activation: Activation = "relu"
    dropout: Share | None = None


class Backbone(Section):
    """A model of keras.applications without its own head, before the layers."""

    name: str
    weights: Annotated[str, Field(min_length=1)]  # imagenet (downloaded), none (random), or the path of a file
    trainable_from: Annotated[str, Field(min_length=1)]  # none, all, or the first of its layers that is trained


class Cnn(Section):
    layers: Annotated[dict[Name, Layer], Field(min_length=1)]
    head: Annotated[
        Annotated[HeadKind, Tag("word")] | Annotated[Head, Tag("section")],
        Discriminator(lambda head: "section" if isinstance(head, Mapping | Head) else "word"),
    ]
    learning_rate: AboveZero  # with a schedule, the highest
    backbone: Backbone | None = None
    optimizer: Optimizer | None = None  # absent: Adam
    schedule: Schedule | None = None
    label_smoothing: Share | None = None
    mixup: Mix | None = None
    cutmix: Mix | None = None
    average_weights: Share | None = None  # how much of the average each step keeps
    average_mirrored: bool | None = None  # answers are the mean of those to an image and its mirror image
    class_weights: Literal["balanced"] | None = None
    clip_norm: AboveZero | None = None
    precision: Precision | None = None  # absent: float32

    @property
    def head_kind(self) -> HeadKind:
        return self.head.kind if isinstance(self.head, Head) else self.head

    @model_validator(mode="after")
    def leaves_reserved_names_alone(self) -> Self:
        taken = {"input", "scale", "output"} & set(self.layers)
        if taken:
            raise ValueError(f"layers: the name {min(taken)!r} is taken by the network's own layer; choose another")
        return self

    @model_validator(mode="after")
    def mixes_in_one_way(self) -> Self:
        if self.mixup and self.cutmix:
            raise ValueError("mixup and cutmix are both there, and each image is mixed once; leave one out")
        return self
