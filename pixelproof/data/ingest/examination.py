"""Every file read and decoded, on all cores; what was learned of one survives a kill."""

import hashlib
import json
import logging
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from typing import Any

from joblib import Parallel, delayed

from pixelproof.data.ingest.facts import Facts, examine
from pixelproof.data.ingest.notes import notes
from pixelproof.data.photos.bad_image import BadImageError
from pixelproof.data.photos.limits import MAX_MEGAPIXELS, check_side
from pixelproof.data.photos.opening import real_format
from pixelproof.data.sources.folders import TooLargeError
from pixelproof.data.sources.labels import is_readable
from pixelproof.data.sources.source import ScannedFile, Source
from pixelproof.files.journal import Journal, chunks

FILES_PER_TASK = 32  # one file takes about a millisecond; handing it to a thread costs a third of that

Learned = Facts | BadImageError  # of a file's content
Row = dict[str, Any]


def examine_all(
    source: Source, files: list[ScannedFile], min_side_px: int, journal: Journal, max_megapixels: int = MAX_MEGAPIXELS
) -> Iterator[Row]:
    """Yield a row per file, in order: a manifest row, or a quarantine row (it has a `reason`).

    Content that `journal` has facts on is read, but not decoded again.
    """
    if journal.lines:
        logging.info("ingest: continues; what was decoded before the last stop is not decoded again")
    learn = partial(_learn, max_megapixels=max_megapixels)
    known = {digest: _restored(learned) for line in journal.lines for digest, learned in json.loads(line).items()}

    def work(chunk: range) -> tuple[list[Row], dict[str, Learned]]:
        new: dict[str, Learned] = {}
        return [_row(source, files[number], min_side_px, learn, known, new) for number in chunk], new

    on_all_cores = Parallel(-1, prefer="threads", return_as="generator")
    for rows, new in on_all_cores(delayed(work)(chunk) for chunk in chunks(len(files), FILES_PER_TASK)):
        if new:
            journal.add(json.dumps({digest: _stored(learned) for digest, learned in new.items()}))
        yield from rows


def _row(
    source: Source,
    file: ScannedFile,
    min_side_px: int,
    learn: Callable[[bytes], Learned],
    known: dict[str, Learned],
    new: dict[str, Learned],
) -> Row:
    content: dict[str, Any] = {}
    try:
        data = _read(source, file)
        digest = hashlib.sha256(data).hexdigest()
        content = {"bytes": len(data), "sha256": digest}
        if digest not in known:
            known[digest] = new[digest] = learn(data)
        facts = _accept(known[digest], min_side_px)
    except BadImageError as bad:
        format = real_format(data) if content else ""
        return {"path": shown(file.path), "reason": bad.reason, "detail": bad.detail, "format": format, **content}
    given = {"id": file.path, "label": file.label, "given_part": file.part, "given_group": file.group}
    return given | content | asdict(facts) | {"note": "; ".join(notes(file.path, facts))}


def shown(path: str) -> str:
    """Return a path that can be written down, whatever bytes its name holds."""
    return path.encode("utf-8", "backslashreplace").decode()


def _read(source: Source, file: ScannedFile) -> bytes:
    if not is_readable(file.path):
        raise BadImageError("name not readable", "the name holds bytes that are not UTF-8 text, or control characters")
    if file.refused is not None:
        raise BadImageError(*file.refused)
    try:
        return source.read(file.path)
    except TooLargeError as error:
        raise BadImageError("too large", str(error)) from None
    except OSError as error:
        raise BadImageError("unreadable", error.strerror or str(error)) from None


def _learn(data: bytes, max_megapixels: int) -> Learned:
    try:
        return examine(data, max_megapixels)
    except BadImageError as bad:
        return bad


def _accept(learned: Learned, min_side_px: int) -> Facts:
    if isinstance(learned, BadImageError):
        raise BadImageError(learned.reason, learned.detail)
    check_side(learned.height, learned.width, min_side_px)
    return learned


def _stored(learned: Learned) -> dict[str, Any]:
    if isinstance(learned, BadImageError):
        return {"reason": learned.reason, "detail": learned.detail}
    return asdict(learned)


def _restored(stored: dict[str, Any]) -> Learned:
    return BadImageError(**stored) if "reason" in stored else Facts(**stored)
