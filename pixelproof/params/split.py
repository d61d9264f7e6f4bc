"""The section `split`: which part each photo belongs to."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pixelproof.params.section import Positive, Section, Seed, Share


class Split(Section):
    method: Literal["stratified", "stable", "given"]
    valid_share: Annotated[Share, Field(gt=0)]
    test_share: Annotated[Share, Field(gt=0)]
    folds: Annotated[int, Field(ge=3)] | None = None  # each 1/folds of the photos; the shares then do not count
    fold: Positive | None = None  # this fold is the test part, the next one valid
    seed: Seed | None = None  # None: the seed of the whole file, which then also draws another test part

    @model_validator(mode="after")
    def leaves_photos_to_train_on(self) -> Self:
        if (self.folds is None) != (self.fold is None) or (self.fold or 0) > (self.folds or 0):
            raise ValueError(f"fold {self.fold} of folds {self.folds}: give both, fold from 1 to folds, or neither")
        if self.folds and self.method == "given":
            raise ValueError("method 'given' keeps the parts of the source: leave folds and fold out, or change method")
        if self.valid_share + self.test_share >= 1:
            raise ValueError(f"valid_share + test_share is {self.valid_share + self.test_share:g}; it must be below 1")
        return self
