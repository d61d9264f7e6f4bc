"""Why a file cannot be used as a photo."""

from collections.abc import Iterator
from contextlib import contextmanager


class BadImageError(Exception):
    """A file that cannot be used: `reason` is one of a few words to count by, `detail` the particulars."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


@contextmanager
def decoder_errors_as_bad_image() -> Iterator[None]:
    """Turn whatever a decoder raises into BadImageError: a damaged file can raise anything, not only OSError."""
    try:
        yield
    except BadImageError:
        raise
    except Exception as error:
        raise BadImageError("truncated or damaged", f"{type(error).__name__}: {error}") from None
