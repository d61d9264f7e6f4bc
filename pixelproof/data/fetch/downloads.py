"""Downloads by pooch: verified by checksum, resumed after an interruption, retried after a failure."""

import logging
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from pixelproof.console import transfer
from pixelproof.errors import UserError

if TYPE_CHECKING:
    from requests import Response

log = logging.getLogger(__name__)

WAITS_S = (1.0, 2.0, 4.0, 8.0)  # before each retry; starts over whenever bytes have arrived
TIMEOUT_S = (10.0, 60.0)  # to connect; without a byte
CHUNK = 64 * 1024
TEMPORARY = {408, 425, 429}  # HTTP statuses, besides 5xx, after which a retry may succeed


@dataclass(frozen=True)
class Download:
    url: str
    checksum: str  # `sha256:<hex digits>` or `md5:<hex digits>`, as pooch takes it

    @property
    def digest(self) -> str:
        return self.checksum.partition(":")[2].lower()


class _TemporaryError(Exception):
    """A failure after which a retry may succeed."""


def download(source: Download, folder: Path) -> Path:
    """Return the path of the file, in a folder of its own below `folder`; download it if it is missing.

    The part of an interrupted transfer is kept beside it, and the next call resumes there.
    Raises UserError if the download fails or does not match the checksum; a mismatched file is removed.
    """
    import pooch

    pooch.get_logger().setLevel(logging.WARNING)  # its messages repeat what the bar shows
    place, name = folder / source.digest, _file_name(source.url)
    partial = place / f"{name}.part"
    try:
        # pooch downloads to a temporary file and renames it only if the checksum matches.
        return Path(pooch.retrieve(source.url, source.checksum, name, place, downloader=_downloader(partial)))
    except ValueError as error:
        raise UserError(
            f"{source.url}: {error} Run again; if the error remains, check the checksum at its source."
        ) from None
    except OSError as error:
        raise UserError(
            f"{place}: cannot be written ({error.strerror or error}). Free some space, or change the permissions."
        ) from None
    except KeyboardInterrupt:
        log.info("%s of %s are kept in %s; the next run continues from there", _megabytes(partial), source.url, partial)
        raise


def _file_name(url: str) -> str:
    name = unquote(re.split(r"[?#]", url)[0]).rpartition("/")[2]
    return re.sub(r"[^\w.-]", "_", name).lstrip(".")[-100:] or "download"


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _megabytes(path: Path) -> str:
    return f"{_size(path) / 1e6:.1f} MB"


def _downloader(partial: Path) -> Callable[[str, str, Any], None]:
    """Return a downloader for pooch that writes to `partial`, which is kept after a failure."""

    def downloader(url: str, output_file: str, _pooch: Any) -> None:
        _fetch(url, partial)
        partial.replace(output_file)

    return downloader


def _fetch(url: str, partial: Path) -> None:
    """Download what `partial` lacks; wait and retry after a temporary failure."""
    failures, furthest = 0, _size(partial)
    while True:
        try:
            return _fetch_rest(url, partial)
        except _TemporaryError as error:
            reason = str(error)
        if _size(partial) > furthest:
            failures, furthest = 0, _size(partial)
        if failures == len(WAITS_S):
            raise UserError(
                f"{url}: {reason}, also after {failures} retries. Check the connection (or the proxy) and run "
                f"again; the {_megabytes(partial)} downloaded so far are kept."
            )
        log.info("%s: %s; retrying in %g s", url, reason, WAITS_S[failures])
        time.sleep(WAITS_S[failures])
        failures += 1


def _fetch_rest(url: str, partial: Path) -> None:
    """Request the bytes that `partial` lacks. Raises _TemporaryError, or UserError if a retry would not help."""
    import requests
    import urllib3

    have = _size(partial)
    headers = {"Accept-Encoding": "identity", **({"Range": f"bytes={have}-"} if have else {})}
    try:
        with requests.get(url, headers=headers, stream=True, timeout=TIMEOUT_S) as response:
            if _is_whole(response, have):
                return
            _save(response, partial, _position(response, partial), _file_name(url))
    except (requests.ConnectionError, requests.Timeout, urllib3.exceptions.HTTPError) as error:
        raise _TemporaryError(_reason(error)) from None
    except requests.RequestException as error:
        raise UserError(f"{url}: cannot be downloaded ({error}). Check the URL.") from None


def _is_whole(response: "Response", have: int) -> bool:
    """Return whether `partial` is already complete, as after a kill before the checksum."""
    return response.status_code == 416 and response.headers.get("Content-Range", "") == f"bytes */{have}"


def _position(response: "Response", partial: Path) -> int:
    """Return the position in the file at which the body begins: 0 if the server ignores Range."""
    status = response.status_code
    if status == 200:
        return 0
    begins = re.match(r"bytes (\d+)-", response.headers.get("Content-Range", ""))
    if status == 206 and begins and int(begins[1]) == _size(partial):
        return _size(partial)
    if status in (206, 416) and partial.exists():
        partial.unlink()  # the file on the server has changed
        raise _TemporaryError("the server cannot resume the transfer")
    if status >= 500 or status in TEMPORARY:
        raise _TemporaryError(f"the server answers {status} {response.reason}")
    raise UserError(
        f"{response.url}: the server answers {status} {response.reason} instead of the file. Check the URL."
    )


def _save(response: "Response", partial: Path, position: int, name: str) -> None:
    """Write the body from `position` on, as sent (a .gz stays compressed)."""
    length = response.headers.get("Content-Length", "")
    total = position + int(length) if length.isdecimal() else None
    with partial.open("ab" if position else "wb") as file, transfer(name, total, position) as advance:
        for chunk in response.raw.stream(CHUNK, decode_content=False):
            file.write(chunk)
            advance(len(chunk))


def _reason(error: Exception) -> str:
    """Return a short reason instead of the nested texts of requests and urllib3."""
    import requests

    if isinstance(error, requests.exceptions.SSLError):
        return f"no trusted connection ({error})"
    if isinstance(error, requests.exceptions.ConnectionError):
        return "no connection to the server"
    if isinstance(error, requests.exceptions.Timeout):
        return "the server does not answer in time"
    return "the transfer was interrupted"
