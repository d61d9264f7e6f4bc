"""A web server on 127.0.0.1 that can misbehave, what it serves, and what comes of that on the disk."""

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from pixelproof.data.fetch.downloads import Download
from pixelproof.data.fetch.landing import MARKER


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


PHOTOS = {"cats/1.jpg": b"cat 1", "cats/2.jpg": b"cat 2", "dogs/1.jpg": b"dog"}


def written(folder: Path) -> dict[str, int]:
    return {str(path.relative_to(folder)): path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def content(folder: Path) -> dict[str, bytes]:
    """Return every file but the marker."""
    found = [path for path in folder.rglob("*") if path.is_file() and path.name != MARKER]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in found}
