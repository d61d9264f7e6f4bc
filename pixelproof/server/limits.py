"""What the server takes at most; everything beyond is refused with a reason, and the next request is served."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """All by request, but for `waiting`."""

    bytes: int = 32_000_000
    photos: int = 64
    megapixels: int = 50  # of a JPEG; of other formats half or a quarter of it
    seconds: float = 30.0  # until the request is there as a whole
    waiting: int = 256  # photos that are read or answered at a time, of all requests


class RefusedError(Exception):
    """A request that is not answered: an HTTP status, and the reason for the person who sent it."""

    def __init__(self, status: int, reason: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(reason)
        self.status, self.reason, self.headers = status, reason, headers or {}
