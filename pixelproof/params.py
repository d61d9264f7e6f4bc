"""The schema of params.yaml (every key, its type, its range) and its one loader.

There are no defaults for what decides a result: params.yaml is the one place. A key that may be left
out (`X | None = None`, or a layer's option) switches a feature off by its absence.
"""

import json
from collections import Counter
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    JsonValue,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)
from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from pixelproof.errors import UserError
from pixelproof.mistakes import check_pattern, explain

PARAMS = Path("params.yaml")

Positive = Annotated[int, Field(ge=1)]
Share = Annotated[float, Field(ge=0, lt=1)]
Size = Positive | Annotated[list[Positive], Field(min_length=2, max_length=2)]  # one side, or [height, width]
Padding = Literal["valid", "same"] | Annotated[int, Field(ge=0)]
Activation = Literal["linear", "relu", "elu", "gelu", "leaky_relu", "sigmoid", "silu", "tanh"]
# Lower case and no dots, so that `dvc exp run -S cnn.layers.conv1.filters=32` reaches the layer.
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]


class Section(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, allow_inf_nan=False)


class Fetch(Section):
    dataset: Literal["digits", "cats-dogs", "fashion-mnist", "url", "none"]
    url: Annotated[str, Field(pattern=r"^https?://[^/\s]+/\S+$")] | None = None
    sha256: Annotated[str, Field(pattern=r"^[0-9a-fA-F]{64}$")] | None = None

    @model_validator(mode="after")
    def names_an_archive_with_its_hash_or_none(self) -> Self:
        given = [key for key in ("url", "sha256") if getattr(self, key) is not None]
        if given != (["url", "sha256"] if self.dataset == "url" else []):
            raise ValueError(
                "`dataset: url` needs the keys url (of an archive) and sha256, every other data set neither; "
                f"got {self.dataset!r} with {' and '.join(given) or 'neither'}"
            )
        return self


class Ingest(Section):
    source: Annotated[str, Field(min_length=1)]
    classes: Annotated[list[str], Field(min_length=2)] | None = None
    pattern: Annotated[str, AfterValidator(check_pattern)] | None = None  # reads labels off file names
    min_images_per_class: Positive
    min_side_px: Positive
    max_quarantined_share: Annotated[float, Field(ge=0, le=1)]

    @field_validator("classes")
    @classmethod
    def names_each_class_once(cls, classes: list[str] | None) -> list[str] | None:
        repeated = [label for label, count in Counter(classes or []).items() if count > 1]
        if repeated:
            raise ValueError(f"{repeated[0]!r} stands there more than once")
        return classes


class Resize(Section):
    height_px: Positive
    width_px: Positive
    colour: Literal["rgb", "grey"]
    fit: Literal["stretch", "pad", "crop"]


class Split(Section):
    method: Literal["stratified", "stable", "given"]
    valid_share: Annotated[Share, Field(gt=0)]
    test_share: Annotated[Share, Field(gt=0)]
    folds: Annotated[int, Field(ge=3)] | None = None  # each 1/folds of the photos; the shares then do not count
    fold: Positive | None = None  # this fold is the test part, the next one valid

    @model_validator(mode="after")
    def leaves_photos_to_train_on(self) -> Self:
        if (self.folds is None) != (self.fold is None) or (self.fold or 0) > (self.folds or 0):
            raise ValueError(f"fold {self.fold} of folds {self.folds}: give both, fold from 1 to folds, or neither")
        if self.folds and self.method == "given":
            raise ValueError("method 'given' keeps the parts of the source: leave folds and fold out, or change method")
        if self.valid_share + self.test_share >= 1:
            raise ValueError(f"valid_share + test_share is {self.valid_share + self.test_share:g}; it must be below 1")
        return self


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
    views: Positive
    transforms: dict[Name, Transform]


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


class EarlyStopping(Section):
    monitor: Literal["valid_loss", "valid_accuracy"]
    patience_epochs: Positive


class Train(Section):
    epochs: Positive
    batch_size: Positive
    early_stopping: EarlyStopping | None = None


class Evaluate(Section):
    confidence: Annotated[float, Field(gt=0, lt=1)]


class Params(Section):
    """params.yaml as a whole."""

    seed: Annotated[int, Field(ge=0, lt=2**32)]
    fetch: Fetch
    ingest: Ingest
    resize: Resize
    split: Split
    augment: Augment
    cnn: Cnn
    mlp: Mlp
    train: Train
    evaluate: Evaluate


def load_params(path: Path = PARAMS) -> Params:
    """Read and check a whole params file, as DVC reads it (YAML 1.2: `1e-3` is a number, `no` a word).

    Raises UserError that names every mistake.
    """
    try:
        content = YAML(typ="safe").load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}. Run from the project's folder, or name the file.") from None
    except MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise UserError(f"{path}: line {line} is not YAML that can be read: {error.problem}") from None
    except YAMLError as error:  # characters that YAML forbids
        raise UserError(f"{path}: not YAML that can be read: {' '.join(str(error).split())}") from None
    except UnicodeDecodeError as error:
        raise UserError(f"{path}: this is no UTF-8 text: {error}") from None
    try:
        return Params.model_validate(content)
    except ValidationError as error:
        raise UserError(explain(error, Params, content, path)) from None
