"""The names of a zip's files. The format marks UTF-8; many programs write UTF-8, or their country's code, unmarked."""

import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pixelproof.data.sources.encodings import decode_names

UTF8_FLAG = 0x800  # general purpose bit 11 (APPNOTE.TXT, appendix D)
UNICODE_PATH = 0x7075  # Info-ZIP's extra field: version, CRC-32 of the plain name, the name in UTF-8 (4.6.9)


@dataclass(frozen=True)
class ZipNames:
    """The names of a zip's entries, in the order of its directory."""

    names: list[str]
    guessed: str | None = None  # the encoding that was found to fit names of which nothing said how they are encoded
    example: str = ""  # one of these


def read_zip_names(infos: Sequence[zipfile.ZipInfo]) -> ZipNames:
    """Read the names as the zip marks them; those that it does not mark, as UTF-8 where that is valid, else guess."""
    names = [_marked_name(info) for info in infos]
    unmarked = [number for number, name in enumerate(names) if name is None]
    decoded, encoding = decode_names([_raw_name(infos[number]) for number in unmarked])
    read = dict(zip(unmarked, decoded, strict=True))
    whole = [read[number] if name is None else name for number, name in enumerate(names)]
    guessed = None if encoding == "utf-8" else encoding
    return ZipNames(whole, guessed, next((name for name in decoded if not name.isascii()), "") if guessed else "")


def _marked_name(info: zipfile.ZipInfo) -> str | None:
    """Return the name where the zip says how it is encoded."""
    if info.flag_bits & UTF8_FLAG:
        return info.filename
    raw = _raw_name(info)
    return next((name for name in _unicode_paths(info.extra, raw)), raw.decode() if raw.isascii() else None)


def _raw_name(info: zipfile.ZipInfo) -> bytes:
    """Return the bytes of an unmarked name, which zipfile has decoded as cp437; a null ends it."""
    return info.orig_filename.encode("cp437").partition(b"\0")[0]


def _unicode_paths(extra: bytes, raw: bytes) -> Iterator[str]:
    for kind, content in _extra_fields(extra):
        if kind == UNICODE_PATH and content[:5] == struct.pack("<BL", 1, zlib.crc32(raw)):
            try:
                yield content[5:].decode()
            except UnicodeDecodeError:
                continue  # the plain name is still there


def _extra_fields(extra: bytes) -> Iterator[tuple[int, bytes]]:
    while len(extra) >= 4:
        kind, size = struct.unpack_from("<HH", extra)
        yield kind, extra[4 : 4 + size]
        extra = extra[4 + size :]
