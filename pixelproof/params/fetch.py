"""The section `fetch`: which data set to bring to the disk."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pixelproof.params.section import Section


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
