"""The section `ingest`: where the photos are, and which of them can be used."""

import re
import unicodedata
from collections import Counter
from typing import Annotated

from pydantic import AfterValidator, Field, field_validator

from pixelproof.params.section import Positive, Section


def _check_pattern(pattern: str) -> str:
    """Return `pattern`, a regular expression with a group `label`. Raises ValueError if it is not one."""
    try:
        groups = re.compile(pattern).groupindex
    except re.error as error:
        raise ValueError(f"{pattern!r} is not a valid regular expression: {error}") from None
    if "label" not in groups:
        raise ValueError(rf"{pattern!r} has no group named label, such as (?P<label>[a-z]+)\.\d+\.jpg")
    return pattern


class Ingest(Section):
    source: Annotated[str, Field(min_length=1)]
    classes: Annotated[list[str], Field(min_length=2)] | None = None
    pattern: Annotated[str, AfterValidator(_check_pattern)] | None = None  # reads labels off file names
    min_images_per_class: Positive
    min_side_px: Positive
    max_quarantined_share: Annotated[float, Field(ge=0, le=1)]
    max_megapixels: Positive | None = None  # of a JPEG; of other formats half or a quarter of it. None: 250
    near_duplicate_bits: Annotated[int, Field(ge=0, le=10)] | None = None  # of 64; 0 as None: copies by pixels only
    placeholder_copies: Annotated[int, Field(ge=3)] | None = None  # a picture repeated so often shows no class

    @field_validator("classes")
    @classmethod
    def names_each_class_once(cls, classes: list[str] | None) -> list[str] | None:
        if classes is not None:  # as ingest writes labels, whatever form a folder or this file has them in
            classes = [unicodedata.normalize("NFC", label) for label in classes]
        repeated = [label for label, count in Counter(classes or []).items() if count > 1]
        if repeated:
            raise ValueError(f"{repeated[0]!r} is listed more than once")
        return classes
