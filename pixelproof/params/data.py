"""The sections of params.yaml that turn photos into arrays: fetch, ingest, resize, split, augment."""

import json
from collections import Counter
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, field_validator, model_validator

from pixelproof.mistakes import check_pattern
from pixelproof.params.base import Name, Positive, Section, Share


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
    near_duplicate_bits: Annotated[int, Field(ge=0, le=10)] | None = None  # of 64; 0 as None: copies by pixels only
    placeholder_copies: Annotated[int, Field(ge=3)] | None = None  # a picture repeated so often shows no class

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
    views: Annotated[int, Field(ge=0)]  # 0: drawn anew for every epoch, while training
    transforms: dict[Name, Transform]
