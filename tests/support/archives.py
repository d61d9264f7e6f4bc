"""Archives made for a test, in every packing."""

import io
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest


def zipped(files: Mapping[str, bytes], change: Callable[[zipfile.ZipInfo], None] | None = None) -> bytes:
    """Return a zip archive; `change` may alter each entry's header."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            info = zipfile.ZipInfo(name)
            info.compress_type = zipfile.ZIP_DEFLATED
            if change:
                change(info)
            archive.writestr(info, content)
    return buffer.getvalue()


def tarred(
    files: Mapping[str, bytes], mode: str = "w:gz", change: Callable[[tarfile.TarInfo], None] | None = None
) -> bytes:
    """Return a tar archive; `change` may alter each entry's header."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            if change:
                change(info)
            archive.addfile(info, io.BytesIO(content))
    return buffer.getvalue()


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


def zip_of_raw_names(files: Mapping[bytes, bytes], extra: Mapping[bytes, bytes] | None = None) -> bytes:
    """Return a zip whose names are these bytes, unmarked, as programs write that do not mark UTF-8."""
    fields = iter((extra or {}).get(name, b"") for name in files)
    placeholders = [f"{number:0{len(name)}}" for number, name in enumerate(files)]

    def add_extra(info: zipfile.ZipInfo) -> None:
        info.extra = next(fields)

    content = bytearray(zipped(dict(zip(placeholders, files.values(), strict=True)), add_extra))
    with zipfile.ZipFile(io.BytesIO(content)) as read:
        infos, place = read.infolist(), content.index(b"PK\1\2")
    for info, raw in zip(infos, files, strict=True):
        for start in (info.header_offset + 30, place + 46):  # of the name, in the file's header and in the directory
            content[start : start + len(raw)] = raw
        place += 46 + len(raw) + len(info.extra)
    return bytes(content)


def unicode_path(raw: bytes, name: str) -> bytes:
    """Return Info-ZIP's extra field that says what a file is called in UTF-8."""
    content = struct.pack("<BL", 1, zlib.crc32(raw)) + name.encode()
    return struct.pack("<HH", 0x7075, len(content)) + content
