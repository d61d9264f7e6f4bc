"""From an HTTP request to the bytes of photos, within the limits."""

import asyncio
import json
from collections.abc import AsyncGenerator
from typing import Any

from python_multipart.exceptions import MultipartParseError
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect, Request

from pixelproof.inference.given import decode_text
from pixelproof.server.limits import Limits, RefusedError

Named = tuple[str, bytes]  # a photo's name, as the client gave it, and its content
FIELDS = 16  # of a form, beside its files
FORMS = 'multipart/form-data with files, JSON {"photos": ["<base64>", ...]}, or a photo as the body itself'


async def photos_in(request: Request, limits: Limits) -> list[Named]:
    """Return the photos of a request. Raises RefusedError, with a status of 4xx."""
    try:
        async with asyncio.timeout(limits.seconds):
            photos = await _parsed(request, limits)
    except TimeoutError:
        raise RefusedError(408, f"the request took longer than {limits.seconds:g} s to arrive") from None
    except ClientDisconnect:
        raise RefusedError(400, "the connection was closed before the request was there") from None
    if not photos:
        raise RefusedError(400, f"there is no photo in the request. Expected {FORMS}")
    if len(photos) > limits.photos:
        raise RefusedError(413, f"{len(photos)} photos in one request; the limit is {limits.photos}")
    return photos


def only(photos: list[Named]) -> Named:
    """Return the one photo of a request. Raises RefusedError where there are several."""
    if len(photos) > 1:
        raise RefusedError(400, f"{len(photos)} photos in one request; here each needs a request of its own")
    return photos[0]


async def _parsed(request: Request, limits: Limits) -> list[Named]:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    body = await _body(request, limits)
    if kind == "multipart/form-data":
        return await _files(request.headers, body, limits)
    if kind == "application/json":
        return _from_json(body)
    if kind.startswith("image/") or kind in ("application/octet-stream", ""):
        return [("photo", body)] if body else []
    raise RefusedError(415, f"content-type {kind[:60]!r} is not taken. Expected {FORMS}")


async def _body(request: Request, limits: Limits) -> bytes:
    """Return the body; refuse it as soon as it is, or says that it is, too long."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > limits.bytes:
        raise _too_long(limits)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limits.bytes:
            raise _too_long(limits)
    return bytes(body)


def _too_long(limits: Limits) -> RefusedError:
    return RefusedError(413, f"the request is longer than {limits.bytes:,} bytes", {"connection": "close"})


async def _files(headers: Headers, body: bytes, limits: Limits) -> list[Named]:
    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    parser = MultiPartParser(headers, stream(), max_files=limits.photos, max_fields=FIELDS)
    try:
        form = await parser.parse()
    except (MultiPartException, MultipartParseError, KeyError) as error:
        reason = getattr(error, "message", "") or "not valid multipart/form-data, or without its boundary"
        raise RefusedError(413 if "Too many files" in reason else 400, reason) from None
    files = [item for _, item in form.multi_items() if isinstance(item, UploadFile)]
    photos = [(file.filename or "photo", await file.read()) for file in files]
    await form.close()
    return photos


def _from_json(body: bytes) -> list[Named]:
    try:
        content: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise RefusedError(400, "not valid JSON") from None
    photos = content.get("photos") if isinstance(content, dict) else None
    if not isinstance(photos, list) or not all(isinstance(photo, str) for photo in photos):
        raise RefusedError(400, f"the JSON has no list of texts `photos`. Expected {FORMS}")
    return [(f"photo {number}", _decoded(number, text)) for number, text in enumerate(photos)]


def _decoded(number: int, text: str) -> bytes:
    try:
        return decode_text(text)
    except ValueError:
        raise RefusedError(400, f"photo {number}: not base64 text") from None
