"""Photos in the forms that programs hand over: paths, bytes, or text in base64."""

import base64
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from pixelproof.inference.classifier import Photo

LONGEST_PATH = 4096  # characters; text of a photo is longer


def given_photos(items: Iterable[Any]) -> Iterator[Photo]:
    """Yield a photo for each path (str or Path), bytes object, or base64 text, also as a data URL.

    Text that names a file is a path. What is none of these becomes a photo whose reading fails, with the reason.
    """
    for number, item in enumerate(items):
        yield _given(number, item)


def _given(number: int, item: Any) -> Photo:
    name = f"photo {number}"
    if isinstance(item, bytes | bytearray | memoryview):
        return Photo(name, lambda: bytes(item))
    if isinstance(item, Path):
        return Photo(str(item), item.read_bytes)
    if not isinstance(item, str):
        return Photo(name, lambda: _refuse(f"expected a path, bytes or base64 text, not {type(item).__name__}"))
    if _is_file(item):
        return Photo(item, Path(item).read_bytes)
    return Photo(name if len(item) > LONGEST_PATH or item.startswith("data:") else item, lambda: _decoded(item))


def _is_file(text: str) -> bool:
    try:
        return len(text) <= LONGEST_PATH and Path(text).is_file()
    except (OSError, ValueError):  # too long for a name, or with a zero byte
        return False


def _decoded(text: str) -> bytes:
    try:
        return decode_text(text)
    except ValueError:
        return _refuse("no such file, and not base64 text either")


def decode_text(text: str) -> bytes:
    """Return what base64 text stands for, also as a data URL or in lines. Raises ValueError for any other text."""
    encoded = text.partition(",")[2] if text.startswith("data:") else text
    return base64.b64decode("".join(encoded.split()), validate=True)


def _refuse(reason: str) -> bytes:
    raise OSError(None, reason)
