"""A web server on 127.0.0.1 that can misbehave, and archives for it to serve."""

import io
import re
import tarfile
import threading
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from pixelproof.data.fetch.downloads import Download


class Server:
    """Serves `files` by path. `plan` holds a misbehaviour for each of the next requests; then it behaves.

    A misbehaviour is a status to answer with, or how many bytes of the body to send before it hangs up.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self.files: dict[str, bytes] = {}
        self.plan: list[tuple[str, int]] = []
        self.knows_ranges = True
        self.requests: list[str | None] = []  # the Range header of each
        self.sent = 0  # bytes of bodies

    def offer(self, name: str, content: bytes) -> Download:
        self.files[f"/{name}"] = content
        return Download(f"{self.address}/{name}", f"sha256:{sha256(content).hexdigest()}")

    def answer(self, request: BaseHTTPRequestHandler) -> None:
        wanted = request.headers.get("Range")
        self.requests.append(wanted)
        what, number = self.plan.pop(0) if self.plan else ("behave", 0)
        content = self.files.get(request.path)
        if what == "answer" or content is None:
            request.send_error(number or 404)
            return
        begin = int(re.fullmatch(r"bytes=(\d+)-", wanted)[1]) if wanted and self.knows_ranges else 0
        if begin >= len(content):
            request.send_response(416)
            request.send_header("Content-Range", f"bytes */{len(content)}")
            request.send_header("Content-Length", "0")
            request.end_headers()
            return
        request.send_response(206 if wanted and self.knows_ranges else 200)
        request.send_header("Content-Length", str(len(content) - begin))
        if wanted and self.knows_ranges:
            request.send_header("Content-Range", f"bytes {begin}-{len(content) - 1}/{len(content)}")
        request.end_headers()
        body = content[begin:][: number if what == "hang up after" else None]
        self.sent += len(body)  # before it is sent: a client that has it all may ask at once
        request.wfile.write(body)


@contextmanager
def serving() -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.answer(self)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as web:
        server = Server(f"http://127.0.0.1:{web.server_port}")
        thread = threading.Thread(target=web.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        web.shutdown()
        thread.join()


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
