"""An archive as a source: photos are read by their positions in it, so threads share one file and unpack nothing."""

import os
import struct
import tempfile
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path, PurePosixPath
from typing import IO, NamedTuple

from pixelproof.console import transfer
from pixelproof.data.sources import archives
from pixelproof.data.sources.folders import check_size
from pixelproof.data.sources.labels import SourceEntry, is_system_file
from pixelproof.data.sources.zip_names import read_zip_names
from pixelproof.errors import UserError

CHUNK_BYTES = 2**20
ZIP_HEADER = struct.Struct("<4s22xHH")  # signature, lengths of name and extra field (APPNOTE.TXT, 4.3.7)
Refusal = tuple[str, str]
SPARSE: Refusal = ("unreadable", "packed as a sparse file; pack it as a plain one")


@dataclass(frozen=True, slots=True)
class TarSlot:
    """Where a tar holds a file."""

    offset: int
    size: int

    def read(self, file: int) -> bytes:
        check_size(self.size)
        return _read_at(file, self.offset, self.size)


@dataclass(frozen=True, slots=True)
class ZipSlot:
    """Where a zip holds a file, as its directory says."""

    header: int  # where the file's own header begins
    packed: int  # bytes there
    size: int  # bytes unpacked
    crc: int
    method: int

    def read(self, file: int) -> bytes:
        check_size(max(self.packed, self.size))
        signature, name, extra = ZIP_HEADER.unpack(_read_at(file, self.header, ZIP_HEADER.size))
        content = _read_at(file, self.header + ZIP_HEADER.size + name + extra, self.packed)
        if self.method == zipfile.ZIP_DEFLATED:
            content = _inflate(content, self.size + 1)
        if signature != b"PK\3\4" or len(content) != self.size or zlib.crc32(content) != self.crc:
            raise OSError("its bytes are not those that the archive was given; they are damaged")
        return content


class Member(NamedTuple):
    """A file of an archive, or what stands where one should."""

    name: str
    slot: TarSlot | ZipSlot
    refused: Refusal | None


class ArchiveSource:
    """The files of an archive, below its lone outer folder if it has one."""

    def __init__(self, path: Path, file: IO[bytes], members: Sequence[Member], note: str = "") -> None:
        self.path = path
        self.note = note  # what a person should know of how it was read
        self._file = file
        self._entries = _entries(members)
        self._slots = {
            str(entry.path): member.slot
            for entry, member in zip(self._entries, members, strict=True)
            if entry.inside_source
        }

    def entries(self) -> list[SourceEntry]:
        return self._entries

    def read(self, id: str) -> bytes:
        """Return the bytes of a file, by its path in the archive. Raises OSError."""
        if id not in self._slots:
            raise OSError("the archive does not hold it")
        return self._slots[id].read(self._file.fileno())


@contextmanager
def open_archive(path: Path, work: Path | None) -> Iterator[ArchiveSource]:
    """Open an archive for reading; `work` is where a compressed tar is unpacked to, as `open_source` says.

    Raises UserError if it is damaged, or made to do harm.
    """
    with ExitStack() as opened:
        with _damage_as_user_error(path, work):
            if archives.archive_kind(path) == "tar":
                file, note = opened.enter_context(_open_tar(path, work)), ""
                members = list(_tar_members(file))
            else:
                file = opened.enter_context(path.open("rb"))
                members, note = _zip_members(file, path)
        yield ArchiveSource(path, file, members, note)


@contextmanager
def _damage_as_user_error(path: Path, work: Path | None) -> Iterator[None]:
    try:
        yield
    except (*archives.BROKEN, OSError) as error:
        if isinstance(error, OSError) and error.errno is not None:  # of the disk; of damaged content it is None
            remedy = (
                f"Check that it may be read, and that {work or tempfile.gettempdir()} has room for a compressed tar"
            )
        else:
            remedy = "Have it packed again"
        raise UserError(f"{path}: cannot be read to its end ({error}). {remedy}.") from None


@contextmanager
def _open_tar(path: Path, work: Path | None) -> Iterator[IO[bytes]]:
    """Open the tar itself. A compressed one, which can only be read from its start, is unpacked first.

    The unpacked tar has no name, so that it is gone with this process, whatever ends it.
    """
    with path.open("rb") as file:
        packed = archives.decompressed(file)
        if packed is None:
            yield file
            return
        if work is not None:
            work.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=work) as plain:
            _copy(file, packed, plain, path)
            yield plain


def _copy(file: IO[bytes], packed: IO[bytes], plain: IO[bytes], path: Path) -> None:
    """Write what `packed` unpacks from `file` to `plain`; a bar shows how far `file` has been read."""
    with transfer(f"unpacking {path.name}", path.stat().st_size) as advance:
        seen = 0
        while chunk := packed.read(CHUNK_BYTES):
            plain.write(chunk)
            archives.check_total(plain.tell(), path)
            advance(file.tell() - seen)
            seen = file.tell()
    plain.seek(0)  # also writes what a buffer still holds


def _tar_members(plain: IO[bytes]) -> Iterator[Member]:
    with archives.open_tar(plain) as tar:
        for member in archives.tar_members(tar):
            kind = archives.tar_member_kind(member)
            if kind != "folder":
                sparse = SPARSE if member.issparse() else None
                yield Member(member.name, TarSlot(member.offset_data, member.size), _flaw(kind) or sparse)


def _zip_members(file: IO[bytes], path: Path) -> tuple[list[Member], str]:
    """Return the members, and a note on their names where their encoding had to be guessed."""
    with zipfile.ZipFile(file) as packed:
        infos = packed.infolist()
    archives.check_total(sum(info.file_size for info in infos), path)
    _check_overlaps(infos, path)
    names = read_zip_names(infos)
    members = [member for info, name in zip(infos, names.names, strict=True) for member in _zip_member(info, name)]
    return members, archives.guess_note(names) if names.guessed else ""


def _zip_member(info: zipfile.ZipInfo, name: str) -> Iterator[Member]:
    kind = archives.zip_member_kind(info, name)
    if kind != "folder":
        slot = ZipSlot(info.header_offset, info.compress_size, info.file_size, info.CRC, info.compress_type)
        yield Member(name, slot, _flaw(kind) or _zip_flaw(info))


def _check_overlaps(infos: Iterable[zipfile.ZipInfo], path: Path) -> None:
    """Raise UserError if two files share bytes: a few can then unpack to petabytes (bamsoftware.com/hacks/zipbomb)."""
    spans = sorted((info.header_offset, info.header_offset + ZIP_HEADER.size + info.compress_size) for info in infos)
    if any(end > start for (_, end), (start, _) in pairwise(spans)):
        raise UserError(f"{path}: some of its files share bytes, as no honest archive's do. Have it packed again.")


def _flaw(kind: archives.Kind) -> Refusal | None:
    flaw = archives.kind_flaw(kind)
    return ("link or device in an archive", f"the entry {flaw}; only files are read") if flaw else None


def _zip_flaw(info: zipfile.ZipInfo) -> Refusal | None:
    if archives.is_encrypted(info):
        return "encrypted", "name an archive without a password"
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        return (
            "unreadable",
            f"compressed by zip's method {info.compress_type}; 0 (stored) and 8 (deflate) are read",
        )
    if info.file_size > max(archives.HARMLESS_BYTES, archives.LIMIT_RATIO * info.compress_size):
        return "decompression bomb", f"{info.compress_size:,} bytes that unpack to {info.file_size:,}"
    return None


def _entries(members: Sequence[Member]) -> list[SourceEntry]:
    """Give each member its path below the lone outer folder."""
    inside = [_lies_inside(member.name) for member in members]
    paths = [archives.member_path(member.name) for member in members]
    outer = _outer_folder([path for path, lies_inside in zip(paths, inside, strict=True) if lies_inside])
    below = [path.relative_to(outer) if path.is_relative_to(outer) else path for path in paths]
    copies = Counter(path for path, lies_inside in zip(below, inside, strict=True) if lies_inside)
    return [
        SourceEntry(path, False, member.refused if lies_inside else _misplaced(member.name), lies_inside)
        if copies[path] < 2
        else SourceEntry(path, False, ("duplicate name", f"the archive holds {copies[path]} files of this name"))
        for path, member, lies_inside in zip(below, members, inside, strict=True)
    ]


def _lies_inside(name: str) -> bool:
    return archives.name_flaw(name) is None


def _misplaced(name: str) -> Refusal:
    return "unsafe name", f"the entry {archives.name_flaw(name)}"


def _outer_folder(paths: Iterable[PurePosixPath]) -> PurePosixPath:
    """Return the deepest folder that holds every visible file: there is nothing to tell apart above it."""
    parents = [path.parent for path in paths if not is_system_file(path)]
    if not parents:
        return PurePosixPath()
    first, last = min(parents), max(parents)  # what these two share, all between them share
    return next(folder for folder in (first, *first.parents) if last.is_relative_to(folder))


def _read_at(file: int, offset: int, size: int) -> bytes:
    content = os.pread(file, size, offset)
    if len(content) < size:
        raise OSError("the archive ends before it does")
    return content


def _inflate(packed: bytes, most: int) -> bytes:
    """Unpack no more than `most` bytes, whatever the archive says of their number."""
    try:
        return zlib.decompressobj(-zlib.MAX_WBITS).decompress(packed, most)
    except zlib.error as error:
        raise OSError(f"its bytes are damaged ({error})") from None
