"""Archives made for a test, in every packing."""

import struct
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from tests.support.server import tarred, zipped

PACKINGS: dict[str, Callable[[Mapping[str, bytes]], bytes]] = {
    "zip": zipped,
    "tar": lambda files: tarred(files, "w"),
    "tar.gz": lambda files: tarred(files, "w:gz"),
    "tar.bz2": lambda files: tarred(files, "w:bz2"),
    "tar.xz": lambda files: tarred(files, "w:xz"),
}


EACH_PACKING = pytest.mark.parametrize("packing", PACKINGS)


def archive(folder: Path, content: bytes, name: str = "photos.archive") -> Path:
    (folder / name).write_bytes(content)
    return folder / name


DIRECTORY = {"flags": (8, "<H"), "method": (10, "<H"), "crc": (16, "<I"), "packed": (20, "<I"), "size": (24, "<I")}


def forged(content: bytes, name: str, **values: int) -> bytes:
    """Return the zip with other values in its directory's entry of a file."""
    forged = bytearray(content)
    place = content.index(b"PK\1\2")
    while content[place + 46 :][: len(name)] != name.encode():
        place = content.index(b"PK\1\2", place + 1)
    for value in values:
        offset, form = DIRECTORY[value]
        struct.pack_into(form, forged, place + offset, values[value])
    return bytes(forged)
